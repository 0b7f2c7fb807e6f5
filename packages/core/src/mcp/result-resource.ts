import type { Resource } from "./define-server.ts";
import { readShelved, type ResultShelf } from "./result-cap.ts";

/** The rest of a long answer as a resource, for clients that follow links rather than cursors. */
export function createResultResource(shelf: ResultShelf): Resource {
  return {
    uri: "sophia://results/{cursor}",
    name: "result",
    title: "The rest of a long answer",
    description: "One page of what was cut from an answer. Kept for an hour for the caller who asked.",
    mimeType: "application/json",
    async read({ cursor }, { uri, caller }) {
      const page = await readShelved(shelf, caller, cursor ?? "");
      return { uri, mimeType: "application/json", text: JSON.stringify(page) };
    },
  };
}
