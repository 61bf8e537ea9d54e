// Conversations: configurations, participants, what is said, actions.
"use strict";

const {
  OCCURRED_AT, conversations: talks, makeStore, readAll, refusal, tell,
} = require("./sdk");

const CUSTOMER = "+15558675310";
const SHOP = "+15550001000";
const CONFIGURATION = [
  "id", "displayName", "description", "conversationGroupingType", "memoryStoreId",
  "channelSettings", "statusCallbacks", "memoryExtractionEnabled", "version",
];
const PARTICIPANT = ["name", "type", "addresses"];

/** A 202, and the operation behind it. */
const settle = async ({ statusCode, headers, body }) => {
  const operation = await talks.operations(headers["operation-id"]).fetch();
  const { statusUrl, completedAt, createdAt } = operation;
  return {
    ...tell(operation, "status", "related", "error"),
    accepted: statusCode,
    addressed: body.statusUrl === statusUrl && headers.location === statusUrl,
    dated: completedAt >= createdAt,
  };
};

const configuration = (memoryStoreId, displayName, more = {}) => ({
  displayName,
  description: "",
  conversationGroupingType: "GROUP_BY_PROFILE",
  memoryStoreId,
  channelSettings: {
    SMS: {
      statusTimeouts: { inactive: 10, closed: 30 },
      captureRules: [{ from: "*", to: SHOP }],
    },
    VOICE: { statusTimeouts: null },
  },
  statusCallbacks: [{ url: "https://agent.example/hook" }],
  ...more,
});

const configure = async (store, name) => {
  const request = configuration(store, name, { statusCallbacks: [] });
  return (await talks.configurations.create(request)).related.configurationId;
};

exports.configurations = async (memory) => {
  const store = await makeStore(memory, "configurations");
  const ids = [];
  for (let number = 0; number < 4; number += 1)
    ids.push(await configure(store, `desk-${number}`));
  const asked = configuration(store, "desk-4", { description: "Texts" });
  const key = () => ({ "Idempotency-Key": "0f5b8c7e-3a52-4a3f-9a42-0d3b1f0c9a11" });
  const created = await talks.configurations.createWithHttpInfo(asked, key());
  const again = await talks.configurations.create(asked, key());
  const one = talks.configurations(created.body.related.configurationId);
  const fetched = tell(await one.fetch(), ...CONFIGURATION);
  const updated = await one.updateWithHttpInfo({
    conversationGroupingType: "GROUP_BY_PROFILE",
    memoryStoreId: store,
    description: "Replaced",
    channelSettings: { CHAT: { statusTimeouts: { closed: 5 } } },
  });
  const replaced = tell(await one.fetch(), ...CONFIGURATION);
  const change = {
    memoryExtractionEnabled: true,
    channelSettings: { SMS: { statusTimeouts: { inactive: 3 } } },
  };
  const other = await makeStore(memory, "elsewhere");
  return {
    store,
    ids: [...ids, (await one.fetch()).id],
    created: await settle(created),
    again: again.related,
    taken: await refusal(() => talks.configurations.create(asked)),
    read: await readAll(talks.configurations, (item) => item.displayName),
    byStore: (await talks.configurations.list({ memoryStoreId: store })).length,
    byOther: await talks.configurations.list({ memoryStoreId: other }),
    fetched,
    updated: await settle(updated),
    replaced,
    patched: await settle(await one.patchWithHttpInfo(change)),
    changed: tell(await one.fetch(), ...CONFIGURATION),
    deleted: await settle(await one.removeWithHttpInfo()),
    gone: await refusal(() => one.fetch()),
  };
};

const person = (address = CUSTOMER, more = {}) => ({
  type: "CUSTOMER",
  addresses: [{ channel: "SMS", address, ...more }],
});

const open = (configurationId, ...addresses) =>
  talks.conversations.create({
    configurationId,
    participants: addresses.map((address) => person(address)),
  });

exports.conversations = async (memory) => {
  const store = await makeStore(memory, "conversations");
  const configurationId = await configure(store, "desk");
  const ids = [];
  for (let number = 0; number < 4; number += 1)
    ids.push((await open(configurationId, `+1555867531${number}`)).id);
  const created = await talks.conversations.createWithHttpInfo({
    configuration: {
      conversationGroupingType: "GROUP_BY_PARTICIPANT_ADDRESSES",
      memoryStoreId: store,
      memoryExtractionEnabled: true,
      statusCallbacks: [{ url: "https://agent.example/hook" }],
    },
    name: "Tent pole",
    metadata: { order: "1", shop: "Bern" },
    participants: [person(CUSTOMER, { channelId: "CA4" })],
  });
  const one = talks.conversations(created.body.id);
  const fields = ["id", "configurationId", "status", "name", "metadata"];
  const status = async (...names) =>
    (await talks.conversations.list({ status: names })).map((each) => each.id);
  const fetched = await one.fetch();
  const quiet = { metadata: { shop: "Ulm" }, configuration: { statusCallbacks: [] } };
  return {
    ids: [...ids, created.body.id],
    created: [created.statusCode, tell(created.body, ...fields)],
    inline: fetched.configuration,
    people: fetched.participants.map((each) => each.name),
    taken: await refusal(() => open(configurationId, "+1 555 867-5310")),
    read: await readAll(talks.conversations, (item) => item.id),
    byChannel: (await talks.conversations.list({ channelId: "CA4" })).map((c) => c.id),
    updated: tell(await one.update({ status: "INACTIVE" }), ...fields),
    filtered: await readAll(talks.conversations, (c) => c.id, { status: ["ACTIVE"] }),
    resting: await status("INACTIVE"),
    either: await status("ACTIVE", "INACTIVE"),
    patched: tell(await one.patch(quiet), ...fields),
    callbacks: (await one.fetch()).configuration.statusCallbacks,
    closed: (await one.patch({ status: "CLOSED" })).status,
    reopened: await refusal(() => one.update({ status: "INACTIVE" })),
    deleted: await settle(await one.removeWithHttpInfo()),
    gone: await refusal(() => one.fetch()),
  };
};

exports.participants = async (memory) => {
  const store = await makeStore(memory, "participants");
  const conversation = (await open(await configure(store, "desk"), CUSTOMER)).id;
  const people = talks.participants(conversation);
  const agent = {
    name: "Kim",
    type: "HUMAN_AGENT",
    addresses: [{ channel: "SMS", address: SHOP }],
  };
  const created = await people.createWithHttpInfo(agent);
  for (let number = 0; number < 3; number += 1)
    await people.create(person(`+1555867532${number}`));
  const one = people(created.body.id);
  const profiles = new Set((await people.list()).map((each) => each.profileId));
  profiles.delete(undefined);
  return {
    created: [created.statusCode, tell(created.body, ...PARTICIPANT)],
    read: await readAll(people, (item) => item.name),
    fetched: tell(await one.fetch(), ...PARTICIPANT),
    profiles: profiles.size,
    taken: await refusal(() => people.create(agent)),
    updated: tell(await one.update({ name: "Kim B.", type: "AI_AGENT" }), ...PARTICIPANT),
    unknown: await refusal(() => people("conv_participant_x").fetch()),
  };
};

const message = (text, more = {}) => ({
  author: { channel: "SMS", address: CUSTOMER },
  content: { type: "TEXT", text },
  recipients: [{ channel: "SMS", address: SHOP }],
  occurredAt: new Date(OCCURRED_AT),
  ...more,
});

exports.communications = async (memory) => {
  const store = await makeStore(memory, "communications");
  const conversation = (await open(await configure(store, "desk"), CUSTOMER)).id;
  const said = talks.communications(conversation);
  const created = await said.createWithHttpInfo(message("turn 0", { channelId: "SM1" }));
  for (let number = 1; number < 4; number += 1)
    await said.create(message(`turn ${number}`));
  let last;
  for (const text of ["my ten", "my tent pole"]) {
    const content = { type: "TRANSCRIPTION", text, transcription: { channel: 0 } };
    last = await said.create(message("", { content, resourceId: "GT1:0" }));
  }
  const text = (item) => item.content.text;
  const fetched = await said(created.body.id).fetch();
  return {
    created: [created.statusCode, created.body.content],
    read: await readAll(said, text),
    byChannel: (await said.list({ channelId: "SM1" })).map(text),
    fetched: tell(fetched, "author", "recipients", "channelId", "occurredAt"),
    people: (await talks.participants(conversation).list()).map((each) => each.id),
    corrected: last.content,
    unknown: await refusal(() => said("conv_communication_x").fetch()),
    nobody: await refusal(() => said.create(message("x", { recipients: [] }))),
  };
};

const send = (text) => ({
  type: "SEND_MESSAGE",
  payload: {
    from: { channel: "SMS", address: SHOP },
    to: [{ channel: "SMS", address: CUSTOMER }],
    content: { text },
    channelSettings: { SMS: { channelId: "SM2" } },
  },
});

exports.actions = async (memory) => {
  const store = await makeStore(memory, "actions");
  const conversation = (await open(await configure(store, "desk"), CUSTOMER)).id;
  const sent = talks.actions(conversation);
  const created = await sent.createWithHttpInfo(send("A new pole is on its way."));
  const fields = ["id", "type", "status", "conversationId", "related", "failureReason"];
  const [said] = await talks.communications(conversation).list();
  const silent = await refusal(() => sent.create(send("")));
  await talks.conversations(conversation).update({ status: "CLOSED" });
  return {
    created: [created.statusCode, tell(created.body, ...fields)],
    fetched: tell(await sent(created.body.id).fetch(), ...fields),
    said: [said.id, said.content.text, said.channelId],
    silent,
    late: await refusal(() => sent.create(send("Too late."))),
    unknown: await refusal(() => sent("conv_action_x").fetch()),
  };
};
