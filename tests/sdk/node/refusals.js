// Errors as the client reports them.
"use strict";

const {
  account, connect, makeProfile, makeStore, refusal, waitFor,
} = require("./sdk");

const NOBODY = "mem_profile_01k0000000000000000000000a";

exports.refusals = async (memory) => {
  const store = await makeStore(memory, "refusals");
  const person = await makeProfile(memory, store, { email: "e@example.com" });
  const stranger = connect(account.accountSid, "not the token").memory.v1;
  const undeclared = { traits: { Contact: { shoeSize: "44" } } };
  const unnamed = { displayName: "no spaces, please" };
  const seen = memory.observations(store, person);
  return {
    stranger: await refusal(() => stranger.stores.create(unnamed)),
    malformed: await refusal(() => memory.stores("Lookup").fetch()),
    unknown: await refusal(() => memory.profiles(store, NOBODY).fetch()),
    undeclared: await refusal(() => memory.profiles(store).create(undeclared)),
    empty: await refusal(() => seen.create({ observations: [] })),
    unnamed: await refusal(() => memory.stores.create(unnamed)),
    taken: await taken(memory),
    list: await refusal(() => memory.profiles(store).list({ pageToken: "broken" })),
  };
};

/** A name that is taken fails later: the operation tells it. */
const taken = async (memory) => {
  const again = { displayName: "refusals" };
  const { headers } = await memory.stores.createWithHttpInfo(again);
  const operation = await memory.operations(headers["operation-id"]).fetch();
  return { status: operation.status, code: operation.error.code };
};

/** The same account by its API key. */
exports.keys = async (memory) => {
  await makeStore(memory, "keys");
  const byKey = connect(account.apiKey, account.apiSecret).memory.v1;
  const names = [];
  for (const id of await byKey.stores.list())
    names.push((await byKey.stores(id).fetch()).displayName);
  return names;
};

/** One request after the other. */
exports.hurry = async (memory) => {
  const store = memory.stores("mem_store_01k0000000000000000000000a");
  const told = [];
  for (let number = 0; number < 3; number += 1)
    told.push(await refusal(() => store.fetch()));
  return told;
};

/** A memory that shows later what it has accepted. */
exports.late = async (memory) => {
  const request = { displayName: "late" };
  const { headers } = await memory.stores.createWithHttpInfo(request);
  const operation = memory.operations(headers["operation-id"]);
  const first = (await operation.fetch()).status;
  const { id: store } = await waitFor(async () => (await operation.fetch()).result);
  const id = await makeProfile(memory, store, { email: "l@example.com" });
  const person = memory.profiles(store, id);
  const early = await refusal(() => person.fetch());
  await waitFor(async () => (await refusal(() => person.fetch())) === null);
  return {
    first,
    last: (await operation.fetch()).status,
    early,
    traits: (await person.fetch()).traits,
  };
};
