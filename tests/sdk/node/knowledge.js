// Knowledge: bases, sources with their chunks, and the search.
"use strict";

const { knowledge, refusal, tell, waitFor } = require("./sdk");

const BASE = ["displayName", "description", "status", "version"];
const FILE = { type: "File", fileName: "care.md", mimeType: "text/markdown" };

const makeBase = async (displayName) => {
  const accepted = await knowledge.knowledgeBases.createWithHttpInfo({ displayName });
  const id = accepted.headers["operation-id"];
  const { status, result } = await knowledge.operations(id).fetch();
  return { accepted: accepted.statusCode, status, id: result.id };
};

exports.knowledge = async () => {
  const made = await makeBase("help-centre");
  const base = knowledge.knowledgeBases(made.id);
  await base.update({ description: "Returns" });
  const sources = knowledge.knowledge(made.id);
  const content = "Tents can be returned within 30 days.";
  const text = await sources.create({ name: "Returns", source: { type: "Text", content } });
  const file = await sources.create({ name: "Care", source: FILE });
  const web = { type: "Web", url: process.env.SITE, crawlDepth: 1 };
  const site = await sources.create({ name: "Site", source: web });
  await fetch(file.source.importUrl, { method: "PUT", body: "# Care\n\nAir the tent." });
  await waitFor(async () => {
    const all = await sources.list();
    return all.every(({ status }) => status === "COMPLETED");
  });
  const asked = { query: "How long can I return a tent?", top: 1 };
  const found = await knowledge.search(made.id).create(asked);
  const chunks = await knowledge.chunks(made.id, file.id).list();
  const one = knowledge.knowledge(made.id, text.id);
  const renamed = await one.update({ name: "Refunds" });
  const queued = await one.updateWithHttpInfo({ refresh: true });
  const pages = await knowledge.chunks(made.id, site.id).list();
  const listed = (await sources.list()).map(({ name }) => name);
  const told = {
    made,
    base: tell(await base.fetch(), ...BASE),
    bases: (await knowledge.knowledgeBases.list()).length,
    hit: tell(found.chunks[0], "content", "knowledgeId"),
    chunk: tell(chunks[0], "content", "documentTitle", "chunkIndex"),
    renamed: renamed.name,
    queued: queued.statusCode,
    site: (await knowledge.knowledge(made.id, site.id).fetch()).source,
    page: tell(pages[1], "documentTitle", "documentUrl"),
    listed,
    kept: tell(await one.fetch(), "id", "source"),
    removed: await one.remove(),
    gone: await refusal(() => one.fetch()),
  };
  await base.remove();
  return { ...told, over: await refusal(() => base.fetch()) };
};
