// Observations with their revisions, summaries, recall.
"use strict";

const {
  CONVERSATION, OCCURRED_AT, OTHER_CONVERSATION,
  makeProfile, makeStore, readAll, refusal, tell,
} = require("./sdk");

const DATES = ["id", "createdAt", "updatedAt"];
const content = (item) => item.content;

const observed = (numbers, fields = {}) => ({
  observations: numbers.map((number) => ({
    content: `fact ${number}`,
    source: "chat",
    occurredAt: new Date(OCCURRED_AT),
    ...fields,
  })),
});

exports.observations = async (memory) => {
  const store = await makeStore(memory, "observations");
  const person = await makeProfile(memory, store, { email: "o@example.com" });
  const seen = memory.observations(store, person);
  const created = await seen.createWithHttpInfo(observed([0, 1, 2, 3]));
  const late = { source: "desk/mail", conversationIds: [CONVERSATION] };
  await seen.create(observed([4], late));
  const contents = async (asked) => (await seen.list(asked)).map(content);
  const read = await readAll(seen, content);
  const [newest] = await seen.list({ limit: 1, conversationId: CONVERSATION });
  const one = seen(newest.id);
  const fields = ["content", "source", "occurredAt", "conversationIds", ...DATES];
  const fetched = tell(await one.fetch(), ...fields);
  const patched = await one.patch({ content: "change 0" });
  for (let number = 1; number < 4; number += 1)
    await one.patch({ content: `change ${number}` });
  const revisions = memory.revisions(store, person, newest.id);
  const ids = (await revisions.list()).map((item) => item.id);
  return {
    created: [created.statusCode, created.body.message],
    read,
    oldest: await contents({ orderBy: "ASC" }),
    bySource: await contents({ source: "desk/mail" }),
    byOther: await contents({ conversationId: OTHER_CONVERSATION }),
    since: (await contents({ createdAfter: (await seen.list())[4].createdAt })).length,
    before: (await contents({ createdBefore: new Date(OCCURRED_AT) })).length,
    newest: newest.id,
    fetched,
    patched: patched.message,
    revisions: await readAll(revisions, content),
    revised: [...new Set(ids)],
    deleted: (await one.remove()).message,
    gone: await refusal(() => one.fetch()),
    left: await contents({}),
  };
};

const summed = (numbers, fields = {}) => ({
  summaries: numbers.map((number) => ({
    content: `talk ${number}`,
    conversationId: CONVERSATION,
    occurredAt: new Date(OCCURRED_AT),
    ...fields,
  })),
});

exports.summaries = async (memory) => {
  const store = await makeStore(memory, "summaries");
  const person = await makeProfile(memory, store, { email: "s@example.com" });
  const said = memory.conversationSummaries(store, person);
  const created = await said.createWithHttpInfo(summed([0, 1, 2, 3]));
  const late = { conversationId: OTHER_CONVERSATION, source: "desk" };
  await said.create(summed([4], late));
  const [newest] = await said.list({ limit: 1, conversationId: OTHER_CONVERSATION });
  const one = said(newest.id);
  const fields = ["content", "source", "occurredAt", "conversationId", ...DATES];
  return {
    created: [created.statusCode, created.body.message],
    read: await readAll(said, content),
    byConversation: (await said.list({ conversationId: CONVERSATION })).length,
    newest: newest.id,
    fetched: tell(await one.fetch(), ...fields),
    patched: (await one.patch({ content: "changed" })).message,
    changed: tell(await one.fetch(), "content", "source", "occurredAt"),
    deleted: (await one.remove()).message,
    gone: await refusal(() => one.fetch()),
    left: (await said.list()).length,
  };
};

exports.recall = async (memory) => {
  const store = await makeStore(memory, "recall");
  const person = await makeProfile(memory, store, { email: "r@example.com" });
  const seen = memory.observations(store, person);
  await seen.create(observed([0], { content: "Prefers SMS over calls." }));
  await seen.create(observed([1], { content: "Owns a red bicycle." }));
  await memory.conversationSummaries(store, person).create(summed([0]));
  // No compression is done: the header is all that the client adds.
  const ask = (asked) =>
    memory.recall(store, person).create(asked, { "Content-Encoding": "gzip" });

  const ranked = await ask({ query: "bicycle", relevanceThreshold: 0.1 });
  const recent = await ask({});
  return {
    ranked: ranked.observations.map(content),
    scores: ranked.observations.map((item) => item.score),
    occurred: ranked.observations[0].occurredAt,
    recent: recent.observations.map(content),
    unscored: recent.observations.map((item) => item.score ?? null),
    summaries: recent.summaries.map(content),
    none: [(await ask({ observationsLimit: 0, summariesLimit: 1 })).observations],
    early: (await ask({ endDate: new Date(OCCURRED_AT) })).observations,
    communications: recent.communications,
    queryTime: recent.meta.queryTime,
  };
};
