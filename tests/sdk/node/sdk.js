// What the walks share; tests/sdk/python/__init__.py has the same in Python.
"use strict";

const twilio = require("twilio");

const account = JSON.parse(process.env.MEMORY_ACCOUNT);

/** A client as its makers ship it; only its address is ours. */
exports.connect = (username, password) => {
  const client = twilio(username, password, { accountSid: account.accountSid });
  for (const domain of [client.memory, client.conversations, client.knowledge])
    if (process.env.MEMORY_ADDRESS) domain.baseUrl = process.env.MEMORY_ADDRESS;
  return client;
};
exports.account = account;
const owner = exports.connect(account.accountSid, account.authToken);
exports.memory = owner.memory.v1;
exports.conversations = owner.conversations.v2;
exports.knowledge = owner.knowledge.v2;

const WAIT_MS = 20000;
exports.OCCURRED_AT = "2026-01-05T09:00:00Z";
exports.CONVERSATION = "conv_conversation_01k0000000000000000000000b";
exports.OTHER_CONVERSATION = "conv_conversation_01k0000000000000000000000c";

const plain = (value) => {
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  return value === undefined ? null : value;
};

/** Some fields of an instance; dates in the form that the contract gives them. */
exports.tell = (instance, ...fields) =>
  Object.fromEntries(fields.map((field) => [field, plain(instance[field])]));

/** A 202 of the control plane, and the operation behind it. */
exports.settle = async (memory, { statusCode, headers, body }) => {
  const operation = await memory.operations(headers["operation-id"]).fetch();
  const same = headers.location === body.statusUrl;
  return {
    ...exports.tell(
      operation, "operationId", "status", "createdAt", "completedAt", "result",
    ),
    error: operation.error,
    accepted: statusCode,
    message: body.message,
    addressed: same && operation.statusUrl === body.statusUrl,
    waits: headers["retry-after"],
  };
};

/** How the client reports an error; null when there was none. */
exports.refusal = async (call) => {
  try {
    await call();
  } catch (error) {
    const { status, code, message, moreInfo } = error;
    return { status, code, message, moreInfo };
  }
  return null;
};

/** What the condition comes to, once that is something: clients ask until then. */
exports.waitFor = async (condition) => {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > until) throw new Error("waited in vain");
    await new Promise((wake) => setTimeout(wake, 20));
  }
};

/** Every way that the client has of reading a list; pages hold two items. */
exports.readAll = async (resource, name, asked = {}) => {
  const pages = [];
  let last;
  let page = await resource.page({ pageSize: 2, ...asked });
  while (page) {
    pages.push(page.instances.map(name));
    last = page;
    page = await page.nextPage();
  }
  const each = async (params) => {
    const items = [];
    await resource.each({ ...params, ...asked, callback: (item) => items.push(item) });
    return items.map(name);
  };
  return {
    pages,
    back: (await last.previousPage()).instances.map(name),
    listed: (await resource.list({ ...asked })).map(name),
    streamed: await each({ pageSize: 2 }),
    limited: (await resource.list({ limit: 3, ...asked })).map(name),
    beyond: await each({ limit: 5000 }),
    informed: (await resource.listWithHttpInfo({ ...asked })).body.map(name),
  };
};

/** The id of a new store. */
exports.makeStore = async (memory, displayName) => {
  const accepted = await memory.stores.createWithHttpInfo({ displayName });
  return (await exports.settle(memory, accepted)).result.id;
};

/** The id of a new profile. */
exports.makeProfile = async (memory, store, contact) =>
  (await memory.profiles(store).create({ traits: { Contact: contact } })).id;
