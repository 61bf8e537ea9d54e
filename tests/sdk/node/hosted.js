// Clients whose address cannot be set: Segment's destination, and the MCP server.
"use strict";

const { account } = require("./sdk");

const SETTINGS = {
  username: account.apiKey,
  password: account.apiSecret,
  twilioAccount: account.accountSid,
};

/** A destination as Segment runs it: it looks around, then sends what it was told. */
exports.segment = async (memory) => {
  const { Destination } = require("@segment/actions-core");
  const { default: definition } = require(
    "@segment/action-destinations/dist/destinations/memora",
  );
  const destination = new Destination(definition);
  const [{ id: store }] = [(await memory.stores.create({ displayName: "segment" }))];
  await destination.testAuthentication(SETTINGS);
  const ask = (field, action = "upsertProfile") =>
    destination.executeDynamicField(action, field, {
      settings: SETTINGS, payload: { memora_store: store },
    });
  const stores = await ask("memora_store");
  const event = (email, firstName) => ({
    type: "identify", userId: email, traits: { email, firstName },
  });
  const mapping = {
    memora_store: store,
    profile_identifiers: { "Contact.$.email": { "@path": "$.traits.email" } },
    profile_traits: { "Contact.$.firstName": { "@path": "$.traits.firstName" } },
  };
  const sent = await destination.executeBatch("upsertProfile", {
    events: [event("a@example.com", "Ada"), event("n/a", "Nobody"), event("g@example.com", "Grace")],
    mapping, settings: SETTINGS,
  });
  return {
    stores: stores.choices.map(({ value }) => value),
    store,
    identifiers: (await ask("profile_identifiers.__keys__")).choices?.map(({ value }) => value),
    sent: sent.map(({ status }) => status),
    people: (await memory.profiles(store).list()).length,
  };
};

/** What an assistant does with the MCP server: it looks up, notes and recalls. */
exports.mcp = async (memory) => {
  const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
  const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
  const { id: storeId } = await memory.stores.create({ displayName: "mcp" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      require.resolve("@twilio-alpha/openapi-mcp-server").replace("index.js", "simple.js"),
      "-a", process.env.MEMORY_DESCRIPTION,
      "-p", `Basic/${account.apiKey}:${account.apiSecret}`,
    ],
    env: process.env,
  });
  const client = new Client({ name: "tests", version: "1" });
  await client.connect(transport);
  const call = async (name, given) => {
    const answer = await client.callTool({
      name: `TwilioMemoryV1--${name}`, arguments: { storeId, ...given },
    });
    return answer.content.map(({ text }) => text).join("");
  };
  const traits = { Contact: { email: "m@example.com" } };
  const created = JSON.parse(await call("CreateProfile", { traits }));
  const profileId = created.id;
  const found = await call("CreateProfilesLookup", { idType: "email", value: "M@example.com" });
  const observation = {
    content: "Prefers tea", source: "mcp", occurredAt: "2026-01-05T09:00:00Z",
  };
  const noted = await call("CreateProfileObservation", {
    profileId, observations: [observation],
  });
  const recalled = await call("CreateFetchProfileMemory", { profileId, query: "tea" });
  const gone = await call("DeleteProfile", { profileId });
  await client.close();
  return { profileId, found, noted, recalled, gone };
};
