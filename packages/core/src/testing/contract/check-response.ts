import { findMediaType, isJson } from "./media-type.ts";
import { readEvents } from "./read-events.ts";
import type { Finding } from "./schema-checker.ts";
import { followNode, type SchemaNode, toPointer } from "./schema-node.ts";
import type { Subject } from "./subject.ts";
import type { Violation } from "./violation.ts";

export function checkResponse(subject: Subject): Violation[] {
  const { operation } = subject;
  return findAll(subject).map((finding) => ({ operation: operation.name, part: "response", ...finding }));
}

function findAll(subject: Subject): Finding[] {
  const { exchange } = subject;
  const described = findResponse(subject);
  if (!described) {
    return [{ kind: "unknown_status", pointer: "/status", message: `${exchange.status} is not described` }];
  }
  return [...checkHeaders(subject, described), ...checkBody(subject, described)];
}

function findResponse({ document, operation, exchange }: Subject): SchemaNode | undefined {
  const { responses } = operation;
  if (!responses) return undefined;
  const status = String(exchange.status);
  const keys = Object.keys(responses.schema);
  const key =
    keys.find((each) => each === status) ??
    keys.find((each) => each.toUpperCase() === `${status[0]}XX`) ??
    keys.find((each) => each === "default");
  return key === undefined ? undefined : followNode(document, responses.pointer + toPointer(key));
}

function checkHeaders({ document, exchange, schemas }: Subject, described: SchemaNode): Finding[] {
  const headers = (described.schema["headers"] ?? {}) as object;
  return Object.keys(headers).flatMap((name): Finding[] => {
    const node = followNode(document, described.pointer + toPointer("headers", name));
    const value = exchange.headers[name.toLowerCase()];
    const at = toPointer("headers", name);
    if (value === undefined) {
      return node?.schema["required"] === true
        ? [{ kind: "missing", pointer: at, message: "required, and not there" }]
        : [];
    }
    if (node?.schema["schema"] === undefined) return [];
    const found = schemas.checkTexts(`${node.pointer}/schema`, value);
    return found.map((finding) => ({ ...finding, pointer: at + finding.pointer }));
  });
}

function checkBody(subject: Subject, described: SchemaNode): Finding[] {
  const { exchange, schemas } = subject;
  // Answers to HEAD are described like those to GET, and have no body.
  if (exchange.method === "HEAD") return [];
  const content = (described.schema["content"] ?? {}) as Record<string, { schema?: object }>;
  if (Object.keys(content).length === 0) {
    return exchange.body === "" ? [] : [{ kind: "unknown_name", pointer: "/body", message: "no body is described" }];
  }
  const type = exchange.headers["content-type"] ?? "";
  const key = findMediaType(content, type);
  if (key === undefined) {
    return [{ kind: "unknown_type", pointer: "/headers/content-type", message: `${type} is not described` }];
  }
  if (content[key]?.schema === undefined) return [];
  const pointer = `${described.pointer}${toPointer("content", key, "schema")}`;
  const inBody = (finding: Finding): Finding => ({ ...finding, pointer: `/body${finding.pointer}` });
  if (key.startsWith("text/event-stream")) return checkEvents(subject, pointer);
  if (!isJson(key)) return key.startsWith("text/") ? schemas.check(pointer, exchange.body).map(inBody) : [];
  try {
    return schemas.check(pointer, JSON.parse(exchange.body)).map(inBody);
  } catch {
    return [{ kind: "invalid", pointer: "/body", message: "no JSON" }];
  }
}

/** Each event against the schema, which some documents write for its data and some for the event around it. */
function checkEvents({ exchange, schemas }: Subject, pointer: string): Finding[] {
  const findings = readEvents(exchange.body).flatMap(({ event, data }, index): Finding[] => {
    if (data === "[DONE]") return [];
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return [{ kind: "invalid", pointer: `/events/${index}`, message: "its data is no JSON" }];
    }
    const wrapped = event === undefined ? { data: value } : { event, data: value };
    const bare = schemas.check(pointer, value);
    const isAroundData = bare.some((finding) => finding.kind === "missing" && finding.pointer === "/data");
    const found = isAroundData ? schemas.check(pointer, wrapped) : bare;
    return found.map((finding) => ({ ...finding, pointer: `/events/${index}${finding.pointer}` }));
  });
  // One fault of the shape occurs in every event: it is told once.
  const told = new Set<string>();
  return findings.filter(({ pointer: at, message }) => {
    const key = `${at.replace(/^\/events\/\d+/, "")} ${message}`;
    if (told.has(key)) return false;
    told.add(key);
    return true;
  });
}
