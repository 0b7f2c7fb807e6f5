import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkRequest } from "./check-request.ts";
import { checkResponse } from "./check-response.ts";
import type { Exchange } from "./exchange.ts";
import { findOperation } from "./operation.ts";
import { type OpenApiDocument, readDocument } from "./read-document.ts";
import { createSchemaChecker } from "./schema-checker.ts";
import type { Violation } from "./violation.ts";

export interface SpecificationOptions {
  /** Header names the vendor documents elsewhere than in this file, in lower case. */
  headers?: readonly string[];
  /** Parameters at the end of a path whose values may hold slashes, such as a Git ref. */
  wide?: readonly string[];
  /** Mends what is wrong in the vendor's file, each mend with its reason beside it. */
  correct?(document: OpenApiDocument): void;
}

/** A vendor's own description of its API, OpenAPI 3. */
export interface Specification {
  /** All that of an exchange does not agree with it; empty when all does. */
  check(exchange: Exchange): Violation[];
  /** `METHOD /path/{template}` of what was checked so far, in order. */
  seen(): string[];
}

const folder = fileURLToPath(new URL("../../../../../../shared/specs", import.meta.url));

/** Path of a file in BENCH_SPECS; `undefined`, said aloud, when it is not there: then its tests are skipped. */
export function findSpecification(name: string): string | undefined {
  const file = join(process.env["BENCH_SPECS"] ?? folder, name);
  if (existsSync(file)) return file;
  process.stderr.write(`\n*** ${name} is not in BENCH_SPECS, its contract checks are SKIPPED ***\n\n`);
  return undefined;
}

export function loadSpecification(file: string, options: SpecificationOptions = {}): Specification {
  const document = readDocument(file);
  options.correct?.(document);
  const schemas = createSchemaChecker(document);
  const headers = new Set(options.headers);
  const seen = new Set<string>();

  function check(exchange: Exchange): Violation[] {
    const url = new URL(exchange.path, "http://localhost");
    const operation = findOperation(document, {
      method: exchange.method,
      path: url.pathname,
      wide: options.wide ?? [],
    });
    if (!operation) {
      const name = `${exchange.method} ${url.pathname}`;
      return [
        {
          operation: name,
          part: "request",
          kind: "unknown_operation",
          pointer: "",
          message: "not in the specification",
        },
      ];
    }
    seen.add(operation.name);
    const subject = { document, operation, exchange, query: url.searchParams, schemas, headers };
    return [...checkRequest(subject), ...checkResponse(subject)];
  }

  return { check, seen: () => [...seen].sort() };
}
