import type { SpecificationOptions } from "@sophia/core/testing/contract/specification";

interface Part {
  [name: string]: Part;
}

/** Where the vendor's own file is wrong by its own examples and pages. */
export const tavilyCorrections: SpecificationOptions = {
  // The file has it for /usage only; the vendor's own client (@tavily/core) sends it with every call.
  headers: ["x-project-id"],
  correct(document) {
    const paths = (document as unknown as { paths: Part }).paths;
    const answerOf = (path: string, method: string, status: string): Part =>
      paths[path]?.[method]?.["responses"]?.[status]?.["content"]?.["application/json"]?.["schema"] ?? {};
    const search = answerOf("/search", "post", "200");
    // Its own example of an answer without `include_answer` and `include_raw_content` has null for both.
    const members = search["properties"] ?? {};
    members["answer"] = nullable("string");
    const result = members["results"]?.["items"]?.["properties"] ?? {};
    result["raw_content"] = nullable("string");
    // The vendor's own client (@tavily/core) reads it from every result.
    result["published_date"] = nullable("string");
    // Both are said to be whole seconds; their own examples say 1.23.
    for (const [path, method, status] of researchTimes) set(answerOf(path, method, status)["properties"]);
    const { schemas } = (document as unknown as { components: { schemas: Part } }).components;
    for (const name of ["ResearchTaskCompleted", "ResearchTaskFailed"]) set(schemas[name]?.["properties"]);
    // "Returns null if unlimited", says its description.
    const key = answerOf("/usage", "get", "200")["properties"]?.["key"]?.["properties"];
    if (key) key["limit"] = nullable("integer");
    // So does the vendor's own client with the title of an extracted page.
    const page = answerOf("/extract", "post", "200")["properties"]?.["results"]?.["items"]?.["properties"];
    if (page) page["title"] = nullable("string");
  },
};

const researchTimes = [
  ["/research", "post", "201"],
  ["/research/{request_id}", "get", "202"],
] as const;

function set(properties: Part | undefined): void {
  if (properties) properties["response_time"] = { type: "number" } as unknown as Part;
}

function nullable(type: string): Part {
  return { type, nullable: true } as unknown as Part;
}
