import { AppError } from "../../errors/app-error.ts";

export type PropertyPath = (string | number)[];

const bareKey = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A path with one more key: `a.b`, or `a["b c"]` where the key is no plain name. */
export function joinKey(path: string, key: string): string {
  if (key === "") return path;
  if (bareKey.test(key)) return path === "" ? key : `${path}.${key}`;
  return `${path}["${key.replaceAll('"', '\\"')}"]`;
}

/** Keys and indexes → `a.b["c d"][0]`. */
export function formatPropertyPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const accessor of path) text = typeof accessor === "number" ? `${text}[${accessor}]` : joinKey(text, accessor);
  return text;
}

/** `a.b["c d"][0]` → keys and indexes. Throws invalid_input for what is no path. */
export function parsePropertyPath(text: string): PropertyPath {
  const path: PropertyPath = [];
  let rest = text;
  while (rest !== "") {
    const bracket = /^\[(?:"((?:[^"\\]|\\.)*)"|(\d+))\]/s.exec(rest);
    if (bracket !== null) {
      path.push(bracket[1] === undefined ? Number(bracket[2]) : bracket[1].replaceAll('\\"', '"'));
      rest = rest.slice(bracket[0].length);
      continue;
    }
    const name = (path.length === 0 ? /^[^.[\]]+/ : /^\.([^.[\]]+)/).exec(rest);
    if (name === null) throw invalidPath(text);
    path.push(name[1] ?? name[0]);
    rest = rest.slice(name[0].length);
  }
  return path;
}

function invalidPath(text: string): AppError {
  return new AppError("invalid_input", `"${text}" is not a property path.`, {
    hint: 'Write names with dots and brackets: database.users["first one"][0].',
  });
}
