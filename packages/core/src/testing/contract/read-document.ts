import { hash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

/** An OpenAPI document, as far as anybody needs to know. */
export interface OpenApiDocument {
  servers?: { url: string }[];
  security?: object[];
  paths: Record<string, Record<string, unknown>>;
  components?: { schemas?: Record<string, unknown>; securitySchemes?: Record<string, unknown> };
}

/** A specification's file. YAML of a megabyte takes seconds to read, so its JSON is kept between test runs. */
export function readDocument(file: string): OpenApiDocument {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".json")) return JSON.parse(text) as OpenApiDocument;
  const folder = join(tmpdir(), `sophia-specifications-${userInfo().uid}`);
  const kept = join(folder, `${hash("sha256", text)}.json`);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, "utf8")) as OpenApiDocument;
  const json = JSON.stringify(parse(text, { maxAliasCount: -1 }));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${kept}.${process.pid}`, json);
  renameSync(`${kept}.${process.pid}`, kept);
  return JSON.parse(json) as OpenApiDocument;
}
