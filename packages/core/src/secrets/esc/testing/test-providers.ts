import { AppError } from "../../../errors/app-error.ts";
import { recordSchema, stringSchema } from "../schema/build-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { EscInputs, OpenProvider, Rotator } from "../surroundings.ts";
import type { EscValue } from "../value.ts";
import { typedSchema } from "./typed-schema.ts";

const nowhere = { line: 0, column: 0, byte: 0 };
const trace = { def: { begin: nowhere, end: nowhere } };
const anything = { inputs: alwaysSchema, outputs: alwaysSchema };

function toObject(properties: ReadonlyMap<string, EscValue>): EscValue {
  return { value: properties, trace };
}

/** The open providers of the conformance cases. */
export const testProviders: Readonly<Record<string, OpenProvider>> = {
  test: { schema: () => anything, open: async (inputs) => toObject(inputs) },
  "secret-wrapper": { schema: () => anything, open: async (inputs) => ({ ...toObject(inputs), secret: true }) },
  schema: { schema: typedSchemas, open: async (inputs) => toObject(inputs) },
  error: {
    schema: () => ({ inputs: recordSchema(new Map([["why", stringSchema()]])), outputs: alwaysSchema }),
    open: async (inputs) => {
      throw new AppError("upstream", textOf(inputs.get("why")));
    },
  },
};

function typedSchemas(): ReturnType<OpenProvider["schema"]> {
  const schema = typedSchema();
  return { inputs: schema, outputs: schema };
}

function textOf(value: EscValue | undefined): string {
  return typeof value?.value === "string" ? value.value : "";
}

/** The rotators of the conformance cases. */
export const testRotators: Readonly<Record<string, Rotator>> = {
  swap: {
    schema: () => {
      const pair = (): ReturnType<typeof recordSchema> =>
        recordSchema(
          new Map([
            ["a", stringSchema()],
            ["b", stringSchema()],
          ]),
        );
      return { inputs: alwaysSchema, state: pair(), outputs: pair() };
    },
    open: async (_inputs, state) => toObject(state ?? new Map()),
    rotate: async (_inputs, state) => toObject(new Map(swapped(state))),
  },
  echo: { schema: echoSchemas, open: openEcho, rotate: rotateEcho },
};

const nothing: EscValue = { value: null, trace };

function* swapped(state: EscInputs | undefined): Generator<[string, EscValue]> {
  yield ["a", state?.get("b") ?? nothing];
  yield ["b", state?.get("a") ?? nothing];
}

function echoSchemas(): ReturnType<Rotator["schema"]> {
  const inputs = { ...recordSchema(new Map([["next", stringSchema()]])), rotateOnly: ["next"] };
  const properties = new Map([
    ["current", stringSchema()],
    ["previous", stringSchema()],
  ]);
  const state = { type: "object", properties, required: ["current"] };
  return { inputs, state, outputs: state };
}

async function openEcho(inputs: EscInputs, state: EscInputs | undefined): Promise<EscValue> {
  const next = inputs.get("next");
  if (next?.unknown !== true && next?.value !== state?.get("current")?.value) {
    throw new AppError("internal", "oh no! inputs were evaluated outside of rotation");
  }
  return toObject(state ?? new Map());
}

async function rotateEcho(inputs: EscInputs, state: EscInputs | undefined): Promise<EscValue> {
  const next = inputs.get("next") ?? nothing;
  if (next.unknown) throw new AppError("internal", "oh no! rotateOnly inputs were not evaluated during rotation");
  const current = state?.get("current") ?? nothing;
  return toObject(
    new Map([
      ["current", next],
      ["previous", current],
    ]),
  );
}
