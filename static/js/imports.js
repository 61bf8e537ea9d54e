/* A file's columns are in its beginning: the whole of it is sent once, when it is imported. */

const HEAD_BYTES = 64 * 1024;

document.addEventListener("htmx:configRequest", (event) => {
  const asks = event.target.closest("[data-file-head]");
  const file = event.detail.formData.get("file");
  if (asks && file?.size > HEAD_BYTES) {
    event.detail.formData.set("file", file.slice(0, HEAD_BYTES), file.name);
  }
});

/* How much of a file is sent, in a form that has a bar for it. */

document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
  const bar = target.querySelector("progress");
  if (!bar || !detail.lengthComputable) return;
  bar.hidden = false;
  bar.max = detail.total;
  bar.value = detail.loaded;
});
