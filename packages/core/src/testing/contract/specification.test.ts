import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Exchange } from "./exchange.ts";
import { loadSpecification, type Specification } from "./specification.ts";

const document = `
openapi: 3.0.3
servers: [{ url: "https://api.example.com/v1" }]
security: [{ key: [] }]
paths:
  /pets:
    parameters: [{ $ref: "#/components/parameters/Trace" }]
    get:
      parameters:
        - { name: limit, in: query, schema: { type: integer, maximum: 10 } }
        - { name: tag, in: query, schema: { type: array, items: { type: string } } }
        - { name: filter, in: query, style: deepObject, schema: { type: object, properties: { age: { type: integer } } } }
      responses:
        "200":
          content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Pet" } } } }
        4XX: { $ref: "#/components/responses/Failure" }
    post:
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } }
      responses:
        "201": { description: made, headers: { Location: { required: true, schema: { type: string } } } }
        "200":
          content:
            text/event-stream:
              schema: { type: object, required: [data], properties: { data: { $ref: "#/components/schemas/Pet" } } }
  /pets/{id}:
    get:
      security: []
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { default: { content: { application/json: { schema: { $ref: "#/components/schemas/Animal" } } } } }
  /pets/{id}/photos/{file}:
    get: { responses: { "200": { description: a picture } } }
  /pets/count:
    get: { responses: { "200": { content: { text/plain: { schema: { type: string } } } } } }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-Key } }
  parameters: { Trace: { name: X-Trace, in: header, required: false, schema: { type: string, format: uuid } } }
  responses:
    Failure:
      content:
        application/json: { schema: { type: object, required: [error], properties: { error: { type: string } } } }
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: { type: string }
        age: { type: integer, minimum: 0, exclusiveMinimum: true, nullable: true }
        born: { type: string, format: date-time }
        notes: { type: object }
        labels: { type: object, additionalProperties: { type: string } }
        owner: { nullable: true, allOf: [{ $ref: "#/components/schemas/Owner" }] }
        nullable: { type: boolean }
    Owner: { type: object, properties: { email: { type: string } } }
    Dog: { type: object, required: [kind], properties: { kind: { enum: [dog] }, bark: { type: string } } }
    Cat: { type: object, required: [kind], properties: { kind: { enum: [cat] }, lives: { type: integer } } }
    Animal:
      allOf:
        - { $ref: "#/components/schemas/Pet" }
        - { oneOf: [{ $ref: "#/components/schemas/Dog" }, { $ref: "#/components/schemas/Cat" }], discriminator: { propertyName: kind } }
`;

const folder = mkdtempSync(join(tmpdir(), "sophia-specification-"));
let specification: Specification;
beforeAll(() => {
  const file = join(folder, "pets.yaml");
  writeFileSync(file, document);
  specification = loadSpecification(file, { headers: ["x-documented-elsewhere"], wide: ["file"] });
});
afterAll(() => rmSync(folder, { recursive: true }));

const json = { "content-type": "application/json" };
const get = (path: string, body: unknown, more: Partial<Exchange> = {}): Exchange => ({
  method: "GET",
  path: `/v1${path}`,
  requestHeaders: { "x-key": "k" },
  requestBody: "",
  status: 200,
  headers: json,
  body: JSON.stringify(body),
  ...more,
});
const post = (body: unknown, more: Partial<Exchange> = {}): Exchange => ({
  ...get("/pets", undefined),
  method: "POST",
  requestHeaders: { ...json, "x-key": "k" },
  requestBody: JSON.stringify(body),
  status: 201,
  headers: { location: "/pets/1" },
  body: "",
  ...more,
});
const told = (exchange: Exchange): string[] =>
  specification.check(exchange).map(({ part, kind, pointer }) => `${part} ${kind} ${pointer}`);

describe("sound", () => {
  test.each<[string, Exchange]>([
    [
      "a list",
      get("/pets?limit=3&tag=a&tag=b&filter[age]=2", [{ name: "Rex", age: null, owner: null, nullable: true }]),
    ],
    ["free names where names are free", get("/pets", [{ name: "Rex", notes: { any: 1 }, labels: { any: "x" } }])],
    ["a branch of a choice", get("/pets/7", { name: "Rex", kind: "dog", bark: "wow" })],
    [
      "a literal path before a parameter",
      get("/pets/count", undefined, { headers: { "content-type": "text/plain" }, body: "3" }),
    ],
    ["a parameter over several segments", get("/pets/7/photos/2026/09/1.jpg", undefined, { body: "" })],
    ["a range of statuses", get("/pets", { error: "gone" }, { status: 410 })],
    ["a request without a key that is refused", get("/pets", { error: "key" }, { status: 401, requestHeaders: {} })],
    ["a documented header", get("/pets", [], { requestHeaders: { "x-key": "k", "x-documented-elsewhere": "1" } })],
    ["a body and a header", post({ name: "Rex", age: 3, born: "2026-01-02T03:04:05Z" })],
    [
      "a stream",
      post(
        { name: "Rex" },
        {
          status: 200,
          headers: { "content-type": "text/event-stream" },
          body: ': hi\n\ndata: {"name":"R"}\n\ndata: [DONE]\n\n',
        },
      ),
    ],
  ])("%s", (_name, exchange) => expect(specification.check(exchange)).toEqual([]));
});

describe("told", () => {
  test.each<[string, Exchange, string[]]>([
    ["an unknown path", get("/dogs", []), ["request unknown_operation "]],
    ["a path beside the server's base", { ...get("/pets", []), path: "/v2/pets" }, ["request unknown_operation "]],
    ["an unknown method", { ...get("/pets", []), method: "DELETE" }, ["request unknown_operation "]],
    ["an unknown query name", get("/pets?page=2", []), ["request unknown_name /query/page"]],
    ["a query value of another type", get("/pets?limit=many", []), ["request invalid /query/limit"]],
    ["a query value over its limit", get("/pets?limit=11", []), ["request invalid /query/limit"]],
    [
      "a member of a query object of another type",
      get("/pets?filter[age]=x", []),
      ["request invalid /query/filter/age"],
    ],
    [
      "an unknown header",
      get("/pets", [], { requestHeaders: { "x-key": "k", "x-new": "1" } }),
      ["request unknown_name /headers/x-new"],
    ],
    [
      "a header of another format",
      get("/pets", [], { requestHeaders: { "x-key": "k", "x-trace": "1" } }),
      ["request invalid /headers/X-Trace"],
    ],
    ["a missing credential", get("/pets", [], { requestHeaders: {} }), ["request missing /headers/x-key"]],
    [
      "a parameter in the path of another type",
      get("/pets/rex", { name: "R", kind: "cat" }),
      ["request invalid /path/id"],
    ],
    ["a missing body", post(undefined, { requestBody: "" }), ["request missing /body"]],
    [
      "a body where none belongs",
      get("/pets", [], { requestBody: "{}", requestHeaders: { ...json, "x-key": "k" } }),
      ["request unknown_name /body"],
    ],
    [
      "a body of another type",
      post({}, { requestHeaders: { "content-type": "text/csv", "x-key": "k" } }),
      ["request unknown_type /headers/content-type"],
    ],
    ["a missing member", post({ age: 3 }), ["request missing /body/name"]],
    ["an exclusive limit", post({ name: "R", age: 0 }), ["request invalid /body/age"]],
    ["a wrong date", post({ name: "R", born: "yesterday" }), ["request invalid /body/born"]],
    ["an unknown name", post({ name: "R", colour: "red" }), ["request unknown_name /body/colour"]],
    [
      "an unknown name behind a reference that may be null",
      post({ name: "R", owner: { phone: "1" } }),
      ["request unknown_name /body/owner/phone"],
    ],
    [
      "an unknown name in a list",
      get("/pets", [{ name: "R" }, { name: "S", x: 1 }]),
      ["response unknown_name /body/1/x"],
    ],
    [
      "the name of another branch",
      get("/pets/7", { name: "R", kind: "dog", lives: 9 }),
      ["response unknown_name /body/lives"],
    ],
    ["a free name of another type", post({ name: "R", labels: { a: 1 } }), ["request invalid /body/labels/a"]],
    ["an unlisted status", get("/pets", [], { status: 500 }), ["response unknown_status /status"]],
    [
      "an answer of another type",
      get("/pets", [], { headers: { "content-type": "text/html" } }),
      ["response unknown_type /headers/content-type"],
    ],
    ["a missing header of the answer", post({ name: "R" }, { headers: {} }), ["response missing /headers/Location"]],
    ["an answer that is no JSON", get("/pets", [], { body: "<html>" }), ["response invalid /body"]],
    ["a body where none is described", post({ name: "R" }, { body: "made" }), ["response unknown_name /body"]],
    [
      "an event, and each fault of all events once",
      post(
        { name: "Rex" },
        {
          status: 200,
          headers: { "content-type": "text/event-stream" },
          body: 'data: {"name":"R","x":1}\n\ndata: {"name":"S","x":2}\n\ndata: {half\n\n',
        },
      ),
      ["response unknown_name /events/0/data/x", "response invalid /events/2"],
    ],
  ])("%s", (_name, exchange, expected) => expect(told(exchange)).toEqual(expected));
});

test("says which operations it has seen", () => {
  expect(specification.seen()).toEqual([
    "GET /pets",
    "GET /pets/count",
    "GET /pets/{id}",
    "GET /pets/{id}/photos/{file}",
    "POST /pets",
  ]);
});
