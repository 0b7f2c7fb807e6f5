import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { RestOpened } from "./rest-backend.ts";
import { idOf, nameOf, type RestAnswer, type RestContext, type RestRequest, type Route } from "./rest-context.ts";
import { readProperty } from "./read-property.ts";
import { parseBody, parseVersion, toMoment } from "./request-body.ts";
import { RestError } from "./rest-error.ts";
import { parseDuration } from "./sessions.ts";
import { summariseFunctions } from "./summarise-functions.ts";

const RotateBody = z.object({ paths: z.array(z.string()).nullish(), Paths: z.array(z.string()).nullish() });

const organisation = "/esc/environments/:organisation";
const one = `${organisation}/:project/:environment`;
const anonymous = "<yaml>";
const mostRotations = 1_000;

/** Checking, opening and rotating. */
export function openingRoutes<Environment>(): Route<Environment>[] {
  return [
    {
      method: "POST",
      path: `${organisation}/yaml/check`,
      run: async ({ body }, context) => sendChecked(await context.backend.check({ yaml: body }), context),
    },
    {
      method: "POST",
      path: `${organisation}/yaml/open`,
      async run({ body, query }, context) {
        return sendSession(await context.backend.openYaml(body), { context, owner: anonymous, query });
      },
    },
    {
      method: "GET",
      path: `${organisation}/yaml/open/:session`,
      run: (request, context) => readSession(request, context, anonymous),
    },
    {
      method: "POST",
      path: `${one}/check`,
      run: async (request, context) => sendChecked(await context.backend.check(idOf(request)), context),
    },
    {
      method: "POST",
      path: `${one}/open`,
      async run(request, context) {
        const opened = await context.backend.open(idOf(request), {});
        return sendSession(opened, { context, owner: nameOf(idOf(request)), query: request.query });
      },
    },
    {
      method: "POST",
      path: `${one}/versions/:version/open`,
      async run(request, context) {
        const revision = parseVersion(request.parameters["version"] ?? "");
        const opened = await context.backend.open(idOf(request), { revision });
        return sendSession(opened, { context, owner: nameOf(idOf(request)), query: request.query });
      },
    },
    {
      method: "GET",
      path: `${one}/open/:session`,
      run: (request, context) => readSession(request, context, nameOf(idOf(request))),
    },
    { method: "POST", path: `${one}/rotate`, run: rotate },
    {
      method: "GET",
      path: `${one}/rotate/history`,
      run(request, { rotations }) {
        const events = rotations.filter(({ environmentId }) => environmentId === nameOf(idOf(request)));
        return Promise.resolve({ status: 200, json: { events: events.toReversed() } });
      },
    },
  ];
}

function sendChecked<Environment>(
  { environment, diagnostics, revision }: RestOpened<Environment>,
  { toWire }: RestContext<Environment>,
): RestAnswer {
  if (environment === undefined && diagnostics.length > 0) {
    throw new RestError(400, "Bad Request: the definition has errors", diagnostics);
  }
  const wire = environment === undefined ? {} : toWire(environment);
  return {
    status: 200,
    headers: revision > 0 ? { "Pulumi-ESC-Revision": String(revision) } : {},
    json: {
      ...(wire as object),
      ...(diagnostics.length > 0 && { diagnostics }),
      environmentFunctionSummary: summariseFunctions(wire),
    },
  };
}

function sendSession<Environment>(
  { environment, diagnostics, revision }: RestOpened<Environment>,
  { context, owner, query }: { context: RestContext<Environment>; owner: string; query: URLSearchParams },
): RestAnswer {
  if (environment === undefined && diagnostics.length > 0) {
    throw new RestError(400, "Bad Request: the environment has errors", diagnostics);
  }
  const wire = environment === undefined ? {} : context.toWire(environment);
  const id = context.sessions.add(owner, wire, parseDuration(query.get("duration")));
  return {
    status: 200,
    headers: revision > 0 ? { "Pulumi-ESC-Revision": String(revision) } : {},
    json: { id, ...(diagnostics.length > 0 && { diagnostics }) },
  };
}

function readSession<Environment>(
  { parameters, query }: RestRequest,
  { sessions }: RestContext<Environment>,
  owner: string,
): Promise<RestAnswer> {
  const environment = sessions.read(owner, parameters["session"] ?? "");
  const property = query.get("property");
  const json = property === null || property === "" ? environment : readProperty(environment, property);
  return Promise.resolve({ status: 200, json });
}

async function rotate<Environment>(request: RestRequest, context: RestContext<Environment>): Promise<RestAnswer> {
  const { backend, rotations, now, user } = context;
  const id = idOf(request);
  // The official command line writes the field with a capital.
  const body = request.body === "" ? {} : parseBody(RotateBody, request.body);
  const paths = body.paths ?? body.Paths ?? [];
  const created = toMoment(now());
  const { revision } = await backend.get(id);
  const result = await backend.rotate(id, paths);
  if (!result.kept && result.diagnostics.some(({ severity }) => severity === "error")) {
    throw new RestError(400, "Bad Request: the environment could not be rotated", result.diagnostics);
  }
  const event = {
    id: randomUUID(),
    environmentId: nameOf(id),
    created,
    completed: toMoment(now()),
    status: "succeeded",
    userID: user,
    preRotationRevision: revision,
    ...(result.kept && { postRotationRevision: result.revision }),
    rotations: paths.map((environmentPath) => ({ id: randomUUID(), environmentPath, status: "succeeded" })),
  };
  rotations.push(event);
  if (rotations.length > mostRotations) rotations.shift();
  return { status: 200, json: { id: event.id, diagnostics: result.diagnostics, secretRotationEvent: event } };
}
