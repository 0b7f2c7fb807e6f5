import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { toPointer } from "./schema-node.ts";
import { toJsonSchema } from "./to-json-schema.ts";
import { createNameFinder } from "./unknown-names.ts";
import type { Violation } from "./violation.ts";

export type Finding = Pick<Violation, "kind" | "pointer" | "message">;

export interface SchemaChecker {
  /** `pointer` leads to a schema of the document: `#/components/schemas/Model`. */
  isValid(pointer: string, value: unknown): boolean;
  /** What of a value does not fit, and which of its names no schema knows. */
  check(pointer: string, value: unknown): Finding[];
  /** Text of a query, header or form becomes the number, switch or list the schema asks for, where it can. */
  checkTexts(pointer: string, value: unknown): Finding[];
}

const base = "specification:";
const maxFindings = 12;

// Only what can be told without a library; further formats do not occur or are as wide as text.
const formats = {
  "date-time": /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  uri: (text: string) => URL.canParse(text),
  email: /^[^@\s]+@[^@\s]+$/,
};

/** Changes the document to plain JSON Schema on the way. */
export function createSchemaChecker(document: object): SchemaChecker {
  toJsonSchema(document);
  const validators = createValidators(document, false);
  const textValidators = createValidators(document, true);
  const isValid = (pointer: string, value: unknown): boolean => validators(pointer)(value);
  const findUnknownNames = createNameFinder(document, isValid);

  return {
    isValid,
    check(pointer, value) {
      const unknown = findUnknownNames(pointer, value).map((at) => ({
        kind: "unknown_name" as const,
        pointer: at,
        message: "no schema has this name",
      }));
      return [...findErrors(validators(pointer), value), ...unknown].slice(0, maxFindings);
    },
    checkTexts: (pointer, value) => findErrors(textValidators(pointer), { value }).map(unwrapValue),
  };
}

/** A coerced value needs a place it can be written to, so it is checked as the member of an object. */
function unwrapValue(finding: Finding): Finding {
  return { ...finding, pointer: finding.pointer.replace(/^\/value/, "") };
}

function createValidators(document: object, isText: boolean): (pointer: string) => ValidateFunction {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    validateSchema: false,
    // Documents use formats of their own (`int32`, `double`); they are let by.
    formats,
    logger: false,
    ...(isText && { coerceTypes: "array" as const }),
  });
  ajv.addSchema(document, base);
  const compiled = new Map<string, ValidateFunction>();
  return (pointer) => {
    const known = compiled.get(pointer);
    if (known !== undefined) return known;
    const target = { $ref: `${base}${pointer}` };
    const validate = ajv.compile(isText ? { properties: { value: target } } : target);
    compiled.set(pointer, validate);
    return validate;
  };
}

function findErrors(validate: ValidateFunction, value: unknown): Finding[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(toFinding);
}

function toFinding(error: ErrorObject): Finding {
  const params = error.params as { missingProperty?: string; additionalProperty?: string; allowedValues?: unknown[] };
  if (params.missingProperty !== undefined) {
    const pointer = error.instancePath + toPointer(params.missingProperty);
    return { kind: "missing", pointer, message: "required, and not there" };
  }
  if (params.additionalProperty !== undefined) {
    const pointer = error.instancePath + toPointer(params.additionalProperty);
    return { kind: "unknown_name", pointer, message: "not allowed here" };
  }
  const allowed = params.allowedValues === undefined ? "" : `: ${params.allowedValues.slice(0, 8).join(", ")}`;
  return { kind: "invalid", pointer: error.instancePath, message: `${error.message ?? error.keyword}${allowed}` };
}
