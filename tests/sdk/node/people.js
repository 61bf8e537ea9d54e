// Profiles: traits, lookup, identifiers, bulk, imports and merges.
"use strict";

const {
  OCCURRED_AT, makeProfile, makeStore, readAll, refusal, tell, waitFor,
} = require("./sdk");

const CSV =
  "mail,first\r\nrow1@example.com,Ada\r\nrow2@example.com,Grace\r\n,Nobody\r\n";

const lookUp = async (memory, store, idType, value) =>
  tell(
    await memory.lookup(store).create({ idType, value }), "normalizedValue", "profiles",
  );

exports.profiles = async (memory) => {
  const store = await makeStore(memory, "profiles");
  const people = memory.profiles(store);
  const ids = [];
  for (let number = 0; number < 4; number += 1)
    ids.push(await makeProfile(memory, store, { email: `p${number}@example.com` }));
  const contact = { email: "p4@example.com", firstName: "Ada", city: "Bern" };
  const created = await people.createWithHttpInfo({ traits: { Contact: contact } });
  const { id } = created.body;
  const person = people(id);
  const again = await makeProfile(memory, store, { email: " P4@example.com" });
  const change = { Contact: { firstName: "Ada Mae", lastName: "King" } };
  const trait = (item) => [
    item.traitGroup, item.name, item.value, item.timestamp instanceof Date,
  ];
  const read = await readAll(people, (item) => item);
  const fetched = await person.fetch();
  const nothing = await person.fetch({ traitGroups: "Loyalty,Other" });
  const patched = await person.patchWithHttpInfo({ traits: change });
  return {
    ids: [...ids, id],
    created: [created.statusCode, created.body.message],
    again,
    read,
    oldest: await people.list({ orderBy: "ASC" }),
    fetched: tell(fetched, "id", "createdAt", "traits"),
    filtered: nothing.traits,
    patched: [patched.statusCode, patched.body.message],
    changed: (await person.fetch({ traitGroups: "Contact" })).traits,
    traits: await readAll(memory.traits(store, id), trait),
    found: await lookUp(memory, store, "email", "P4@Example.com"),
    missed: await lookUp(memory, store, "email", "nobody@example.com"),
    deleted: (await person.remove()).message,
    gone: await refusal(() => person.fetch()),
    lost: await lookUp(memory, store, "email", "p4@example.com"),
  };
};

exports.bulk = async (memory) => {
  const store = await makeStore(memory, "bulk");
  const contact = { email: "b0@example.com", city: "Bern" };
  const known = await makeProfile(memory, store, contact);
  const profiles = [0, 1, 2].map((number) => ({
    traits: { Contact: { email: `b${number}@example.com`, firstName: "Ada" } },
  }));
  const updated = await memory.bulk(store).updateWithHttpInfo({ profiles });
  const fresh = await lookUp(memory, store, "email", "b2@example.com");
  return {
    updated: [updated.statusCode, updated.body.message],
    people: (await memory.profiles(store).list()).length,
    known: (await memory.profiles(store, known).fetch()).traits,
    new: fresh.profiles.length,
    empty: await refusal(() => memory.bulk(store).update({ profiles: [] })),
  };
};

const file = () => ({
  filename: "people.csv",
  fileSize: CSV.length,
  columnMappings: [
    { columnName: "mail", traitGroup: "Contact", traitName: "email" },
    { columnName: "first", traitGroup: "Contact", traitName: "firstName" },
  ],
});

exports.imports = async (memory) => {
  const store = await makeStore(memory, "imports");
  const imports = memory.imports(store);
  const ids = [];
  for (let number = 0; number < 4; number += 1)
    ids.push((await imports.create(file())).importId);
  const created = await imports.createWithHttpInfo(file());
  const { importId, url } = created.body;
  const task = imports(importId);
  const before = (await task.fetch()).status;
  // As the contract has it: one PUT, without credentials.
  const uploaded = await fetch(url, { method: "PUT", body: CSV });
  const again = await fetch(url, { method: "PUT", body: CSV });
  const underWay = ["PENDING", "PROCESSING"];
  await waitFor(async () => !underWay.includes((await task.fetch()).status));
  const found = [];
  for (const number of [1, 2]) {
    const answer = await lookUp(memory, store, "email", `row${number}@example.com`);
    found.push(answer.profiles.length);
  }
  const fields = ["status", "filename", "fileSize", "columnMappings", "summary"];
  return {
    ids: [...ids, importId],
    created: created.statusCode,
    before,
    uploaded: [uploaded.status, await uploaded.text(), again.status],
    read: await readAll(imports, (item) => item),
    fetched: tell(await task.fetch(), ...fields),
    found,
  };
};

exports.identifiers = async (memory) => {
  const store = await makeStore(memory, "identifiers");
  const person = await makeProfile(memory, store, { email: "i0@example.com" });
  const identifiers = memory.identifiers(store, person);
  const added = [];
  for (const value of ["(415) 555-0100", "+1 415 555 0101", "4155550102"])
    added.push((await identifiers.create({ idType: "phone", value })).message);
  const phone = identifiers("phone");
  const change = {
    idType: "phone",
    oldValue: "+14155550101",
    newValue: "415-555-0103",
  };
  const listed = await identifiers.list();
  return {
    added,
    listed: listed.map((item) => tell(item, "idType", "values")),
    fetched: tell(await phone.fetch(), "idType", "values"),
    patched: (await phone.patch(change)).message,
    changed: (await phone.fetch()).values,
    removed: (await phone.remove()).message,
    left: (await phone.fetch()).values,
    cleared: (await phone.remove({ removeAll: true })).message,
    gone: await refusal(() => phone.fetch()),
    kept: (await identifiers.list()).map((item) => item.idType),
  };
};

const observe = (memory, store, profile, content) =>
  memory.observations(store, profile).create({
    observations: [{ content, source: "chat", occurredAt: OCCURRED_AT }],
  });

/** Two profiles become one; how the client meets the id that went away. */
exports.merges = async (memory) => {
  const store = await makeStore(memory, "merges");
  const kept = await makeProfile(memory, store, { email: "m0@example.com" });
  const gone = await makeProfile(memory, store, { phone: "+14155550100" });
  await observe(memory, store, kept, "likes tea");
  await observe(memory, store, gone, "likes coffee");
  const both = { idType: "phone", value: "4155550100" };
  await memory.identifiers(store, kept).create(both);
  const person = memory.profiles(store, gone);
  const read = await person.fetchWithHttpInfo();
  const change = { traits: { Contact: { city: "Bern" } } };
  const seen = await memory.observations(store, kept).list();
  const target = `/v1/Stores/${store}/Profiles/${kept}`;
  return {
    ids: [kept, gone],
    read: [
      read.statusCode, read.headers["canonical-profile-id"], read.body.id ?? null,
    ],
    moved: read.headers.location?.endsWith(target) ?? false,
    patched: await refusal(() => person.patch(change)),
    content: seen.map((item) => item.content).sort(),
    people: await memory.profiles(store).list(),
    found: (await lookUp(memory, store, "phone", "+14155550100")).profiles,
  };
};

/** This client sends what it is given: a null removes a trait. */
exports.nulls = async (memory) => {
  const store = await makeStore(memory, "nulls");
  const contact = { email: "n@example.com", city: "Bern" };
  const id = await makeProfile(memory, store, contact);
  const person = memory.profiles(store, id);
  await person.patch({ traits: { Contact: { city: null } } });
  return (await person.fetch()).traits;
};
