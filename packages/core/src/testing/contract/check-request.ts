import type { Parameter } from "./operation.ts";
import { findMediaType, isJson } from "./media-type.ts";
import type { Finding } from "./schema-checker.ts";
import { toPointer } from "./schema-node.ts";
import type { Subject } from "./subject.ts";
import type { Violation } from "./violation.ts";

/** Headers every HTTP request may have: they belong to the protocol, not to an API. */
const commonHeaders = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "authorization",
  "cache-control",
  "connection",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "referer",
  "sec-fetch-mode",
  "transfer-encoding",
  "user-agent",
]);

export function checkRequest(subject: Subject): Violation[] {
  const { operation } = subject;
  const findings = [
    ...checkParameters(subject, "path", operation.pathValues),
    ...checkParameters(subject, "query", readQuery(subject)),
    ...checkParameters(subject, "header", subject.exchange.requestHeaders),
    ...checkNames(subject),
    ...checkCredentials(subject),
    ...checkBody(subject),
  ];
  return findings.map((finding) => ({ operation: operation.name, part: "request", ...finding }));
}

/** A repeated parameter is a list; `filter[name]` is a member of the parameter `filter`. */
function readQuery({ query, operation }: Subject): Record<string, unknown> {
  const names = new Set(parametersOf(operation.parameters, "query").map(({ name }) => name));
  const values: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    const all = query.getAll(name);
    const value = all.length > 1 || names.has(`${name}[]`) ? all : all[0];
    const member = /^([^[]+)\[([^\]]+)\]$/.exec(name);
    if (names.has(name) || member?.[1] === undefined || member[2] === undefined) values[name] = value;
    else values[member[1]] = { ...(values[member[1]] as object | undefined), [member[2]]: value };
  }
  return values;
}

function checkParameters(
  { operation, schemas }: Subject,
  place: Parameter["in"],
  values: Readonly<Record<string, unknown>>,
): Finding[] {
  return parametersOf(operation.parameters, place).flatMap(({ name, required, pointer }) => {
    const value = values[place === "header" ? name.toLowerCase() : name];
    const at = toPointer(place === "header" ? "headers" : place, name);
    if (value === undefined)
      return required ? [{ kind: "missing", pointer: at, message: "required, and not there" }] : [];
    if (pointer === undefined) return [];
    return schemas.checkTexts(pointer, value).map((finding) => ({ ...finding, pointer: at + finding.pointer }));
  });
}

function checkNames(subject: Subject): Finding[] {
  const { operation, exchange } = subject;
  const query = new Set(parametersOf(operation.parameters, "query").map(({ name }) => name));
  const headers = new Set([
    ...commonHeaders,
    ...subject.headers,
    ...operation.knownCredentials,
    ...parametersOf(operation.parameters, "header").map(({ name }) => name.toLowerCase()),
  ]);
  const unknown = (pointer: string): Finding => ({ kind: "unknown_name", pointer, message: "not described" });
  return [
    ...Object.keys(readQuery(subject))
      .filter((name) => !query.has(name) && !query.has(`${name}[]`))
      .map((name) => unknown(toPointer("query", name))),
    ...Object.keys(exchange.requestHeaders)
      .filter((name) => !headers.has(name))
      .map((name) => unknown(toPointer("headers", name))),
  ];
}

function checkCredentials({ operation, exchange }: Subject): Finding[] {
  const { credentials } = operation;
  if (credentials.length === 0 || credentials.some((name) => name in exchange.requestHeaders)) return [];
  // An answer of 401 to a request without a key is the point of some tests.
  if (exchange.status === 401) return [];
  const pointer = toPointer("headers", credentials[0] ?? "");
  return [{ kind: "missing", pointer, message: "no credential" }];
}

function checkBody({ operation, exchange, schemas }: Subject): Finding[] {
  const described = operation.requestBody;
  const type = exchange.requestHeaders["content-type"] ?? "";
  if (exchange.requestBody === "") {
    const isMissing = described?.schema["required"] === true;
    return isMissing ? [{ kind: "missing", pointer: "/body", message: "required, and not there" }] : [];
  }
  if (!described) return [{ kind: "unknown_name", pointer: "/body", message: "no body is described" }];
  const content = (described.schema["content"] ?? {}) as Record<string, { schema?: object }>;
  const key = findMediaType(content, type);
  if (key === undefined) {
    return [{ kind: "unknown_type", pointer: "/headers/content-type", message: `${type} is not described` }];
  }
  if (content[key]?.schema === undefined) return [];
  const pointer = `${described.pointer}${toPointer("content", key, "schema")}`;
  const inBody = (finding: Finding): Finding => ({ ...finding, pointer: `/body${finding.pointer}` });
  if (key === "application/x-www-form-urlencoded") {
    const form = Object.fromEntries(new URLSearchParams(exchange.requestBody));
    return schemas.checkTexts(pointer, form).map(inBody);
  }
  if (!isJson(key)) return [];
  return schemas.check(pointer, parseJson(exchange.requestBody)).map(inBody);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function parametersOf(parameters: readonly Parameter[], place: Parameter["in"]): Parameter[] {
  return parameters.filter((parameter) => parameter.in === place);
}
