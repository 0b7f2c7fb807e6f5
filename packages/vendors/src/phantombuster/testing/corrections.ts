import type { SpecificationOptions } from "@sophia/core/testing/contract/specification";

type Operation = Record<"responses", Record<string, unknown>>;

/** Where the vendor's own file says too little. */
export const phantombusterCorrections: SpecificationOptions = {
  correct(document) {
    const launch = document.paths["/agents/launch"]?.["post"] as Operation;
    // No answer is described; all public clients of the vendor's API read this one.
    const schema = { type: "object", properties: { containerId: { type: "string" } }, required: ["containerId"] };
    launch.responses["200"] = { description: "OK", content: { "application/json": { schema } } };
  },
};
