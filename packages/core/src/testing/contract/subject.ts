import type { Exchange } from "./exchange.ts";
import type { Operation } from "./operation.ts";
import type { OpenApiDocument } from "./read-document.ts";
import type { SchemaChecker } from "./schema-checker.ts";

/** One exchange beside the operation it belongs to. */
export interface Subject {
  document: OpenApiDocument;
  operation: Operation;
  exchange: Exchange;
  query: URLSearchParams;
  schemas: SchemaChecker;
  /** Header names that are documented elsewhere. */
  headers: ReadonlySet<string>;
}
