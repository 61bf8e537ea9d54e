// The control plane: stores, trait groups, identity settings, data mappings.
"use strict";

const { makeStore, readAll, refusal, settle, tell } = require("./sdk");

const MAPPING = ["displayName", "description", "isEnabled", "mappingTo", "mappingFrom"];

const settleDelete = async (memory, resource) => {
  const { statusCode, headers, body } = await resource.removeWithHttpInfo();
  const { status } = await memory.operations(headers["operation-id"]).fetch();
  return { accepted: statusCode, status, message: body.message };
};

exports.stores = async (memory) => {
  const ids = [];
  for (let number = 0; number < 4; number += 1)
    ids.push(await makeStore(memory, `shop-${number}`));
  const asked = { displayName: "shop-4", description: "Fifth" };
  const created = await settle(memory, await memory.stores.createWithHttpInfo(asked));
  const store = memory.stores(created.result.id);
  const read = await readAll(memory.stores, (id) => id);
  const oldest = await memory.stores.list({ orderBy: "ASC" });
  const fetched = await store.fetchWithHttpInfo();
  const change = { description: "Changed" };
  const tag = fetched.headers.etag;
  const patched = await store.patchWithHttpInfo(change, { "If-Match": tag });
  const fields = ["id", "displayName", "description", "status", "version"];
  return {
    ids: [...ids, created.result.id],
    created,
    read,
    oldest,
    fetched: tell(fetched.body, ...fields),
    tag,
    patched: await settle(memory, patched),
    stale: await refusal(() => store.patch(change, { "If-Match": tag })),
    changed: tell(await store.fetch(), ...fields),
    deleted: await settleDelete(memory, store),
    gone: await refusal(() => store.fetch()),
    left: await memory.stores.list({ orderBy: "ASC" }),
  };
};

exports.groups = async (memory) => {
  const groups = memory.traitGroups(await makeStore(memory, "groups"));
  for (let number = 0; number < 4; number += 1)
    await groups.create({ displayName: `Group${number}` });
  const traits = {
    tier: {
      dataType: "STRING",
      description: "Of the loyalty card",
      validationRule: { ruleType: "STRING", pattern: "^[a-z]+$" },
    },
    points: {
      dataType: "NUMBER",
      validationRule: { ruleType: "NUMBER", min: 0, max: 9000 },
    },
    active: { dataType: "BOOLEAN" },
    interests: { dataType: "ARRAY" },
    memberId: { dataType: "STRING", idTypePromotion: "chat" },
  };
  const asked = { displayName: "Loyalty", description: "Cards", traits };
  const created = await settle(memory, await groups.createWithHttpInfo(asked));
  const group = groups("Loyalty");
  const fetched = await group.fetchWithHttpInfo();
  const match = () => ({ "If-Match": fetched.headers.etag });
  const change = { traits: { active: { dataType: "" }, since: { dataType: "STRING" } } };
  const full = await groups.list({ includeTraits: true });
  return {
    created,
    read: await readAll(groups, (item) => item.displayName),
    bare: (await groups.list()).map((item) => item.traits ?? null),
    full: full.map((item) => Object.keys(item.traits).sort()),
    asked: traits,
    fetched: fetched.body.traitGroup,
    withoutTraits: (await group.fetch({ includeTraits: false })).traitGroup,
    paged: await pagesOfTraits(group),
    patched: await settle(memory, await group.patchWithHttpInfo(change, match())),
    stale: await refusal(() => group.patch(change, match())),
    changed: (await group.fetch()).traitGroup,
    deleted: await settleDelete(memory, group),
    gone: await refusal(() => group.fetch()),
    protected: await refusal(() => groups("Contact").remove()),
  };
};

/** The traits of one group, by hand: the client has no iterator for them. */
const pagesOfTraits = async (group) => {
  const pages = [];
  let page = await group.fetch({ pageSize: 2 });
  for (;;) {
    pages.push(Object.keys(page.traitGroup.traits).sort());
    if (!page.meta.nextToken) return pages;
    page = await group.fetch({ pageSize: 2, pageToken: page.meta.nextToken });
  }
};

exports.settings = async (memory) => {
  const store = await makeStore(memory, "settings");
  const settings = memory.identityResolutionSettings(store);
  const first = await settings.fetchWithHttpInfo();
  const match = () => ({ "If-Match": first.headers.etag });
  const asked = {
    identifierConfigs: [
      { idType: "email", normalization: "email", limit: 3 },
      { idType: "loyalty-card", limitPolicy: "lifo" },
    ],
    matchingRules: ["loyalty-card", "email"],
  };
  const fields = ["identifierConfigs", "matchingRules", "version"];
  return {
    first: tell(first.body, ...fields),
    updated: await settle(memory, await settings.updateWithHttpInfo(asked, match())),
    stale: await refusal(() => settings.update(asked, match())),
    changed: tell(await settings.fetch(), ...fields),
  };
};

const mapping = (displayName) => ({
  displayName,
  description: "Nightly",
  mappingFrom: { type: "INGRESS", columns: ["mail"] },
  mappingTo: {
    type: "TRAITS",
    mappings: [{ expression: "mail", traitGroup: "Contact", traitName: "email" }],
  },
});

exports.mappings = async (memory) => {
  const mappings = memory.dataMappings(await makeStore(memory, "mappings"));
  for (let number = 0; number < 4; number += 1)
    await mappings.create(mapping(`feed-${number}`));
  const accepted = await mappings.createWithHttpInfo(mapping("feed-4"));
  const created = await settle(memory, accepted);
  const one = mappings(created.result.id);
  const fetched = await one.fetchWithHttpInfo();
  const match = () => ({ "If-Match": fetched.headers.etag });
  const change = { isEnabled: false };
  const names = async (type) =>
    (await mappings.list({ type })).map((item) => item.displayName);
  return {
    created,
    taken: await refusal(() => mappings.create(mapping("feed-4"))),
    read: await readAll(mappings, (item) => item.displayName),
    ingress: await names("INGRESS"),
    datasets: await names("DATASET_CLOUDAPP"),
    fetched: tell(fetched.body, "id", "version", ...MAPPING),
    patched: await settle(memory, await one.patchWithHttpInfo(change, match())),
    stale: await refusal(() => one.patch(change, match())),
    changed: tell(await one.fetch(), "version", ...MAPPING),
    deleted: await settleDelete(memory, one),
    gone: await refusal(() => one.fetch()),
  };
};
