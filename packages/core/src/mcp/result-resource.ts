import type { Resource } from "./define-server.ts";
import { readShelved, type ResultShelf } from "./result-cap.ts";

/** The rest of a long answer as a resource, for clients that follow links rather than cursors. */
export function createResultResource(shelf: ResultShelf): Resource {
  return {
    uri: "sophia://results/{id}",
    name: "result",
    title: "The rest of a long answer",
    description: "What was cut from an answer, first part. Kept for an hour for the caller who asked.",
    mimeType: "application/json",
    async read({ id }, { uri, caller }) {
      const page = await readShelved(shelf, caller, `${id}.0`);
      return { uri, mimeType: "application/json", text: JSON.stringify(page) };
    },
  };
}
