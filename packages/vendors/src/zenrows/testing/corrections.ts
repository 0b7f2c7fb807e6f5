import type { SpecificationOptions } from "@sophia/core/testing/contract/specification";

interface Operation {
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  responses: Record<string, { headers?: Record<string, object>; content?: Record<string, object> }>;
}

const text = { type: "string" };
const members = { code: text, type: text, title: text, detail: text, status: { type: "integer" }, instance: text };
/** RFC 7807. */
const problem = { type: "object", required: ["code", "title", "status"], properties: members };

/** The file is a third party's, and older than the vendor's pages. */
export const zenrowsCorrections: SpecificationOptions = {
  // The file has them for 200 only; the vendor's command line (ZenRows/cli) reads the first one too.
  headers: [
    "x-request-credits",
    "concurrency-limit",
    "concurrency-remaining",
    "x-request-cost",
    "x-request-id",
    "zr-final-url",
  ],
  correct(document) {
    const { get, post } = (document as unknown as { paths: { "/": { get: Operation; post: Operation } } }).paths["/"];
    // The vendor's own client (zenrows) sends it for Extract.
    get.parameters.push({ name: "extract", in: "query", required: false, schema: { type: "string" } });
    // The vendor's own client sends the same options with both.
    post.parameters = get.parameters;
    Object.assign(post.responses, { ...get.responses, ...post.responses });
    // Its own reading of an error is {code, message}; the vendor's are problems: https://docs.zenrows.com/api-error-codes
    const { schemas } = (document as unknown as { components: { schemas: Record<string, object> } }).components;
    schemas["ZenRowsError"] = problem;
  },
};
