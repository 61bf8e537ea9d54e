/* A file's columns are in its beginning: the whole of it is sent once, when it is imported. */

const HEAD_BYTES = 64 * 1024;

document.addEventListener("htmx:configRequest", (event) => {
  const asks = event.target.closest("[data-file-head]");
  const file = event.detail.formData.get("file");
  if (asks && file?.size > HEAD_BYTES) {
    event.detail.formData.set("file", file.slice(0, HEAD_BYTES), file.name);
  }
});
