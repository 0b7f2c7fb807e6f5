import { readFile } from "node:fs/promises";
import { AppError } from "@sophia/core/errors/app-error";

/** Far above any secret and below what an environment may hold. */
const maximumBytes = 1_048_576;

/** All of stdin as text. Throws AppError `invalid_input` when it is too long or no UTF-8. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    length += (chunk as Uint8Array).length;
    if (length > maximumBytes) throw tooLong();
  }
  return decode(Buffer.concat(chunks), "stdin");
}

/** A file as text; `-` is stdin. Throws AppError `not_found` or `invalid_input`. */
export async function readInput(file: string): Promise<string> {
  if (file === "-") return await readStdin();
  const bytes = await readFile(file).catch((thrown: unknown) => {
    throw new AppError("not_found", `The file ${file} cannot be read.`, { hint: "Check the path.", cause: thrown });
  });
  if (bytes.length > maximumBytes) throw tooLong();
  return decode(bytes, file);
}

/** Without the line break that `echo` and editors put behind a value; one with several lines keeps its last. */
export function trimLineBreak(text: string): string {
  const line = /^([^\r\n]*)\r?\n$/.exec(text);
  return line?.[1] ?? text;
}

function decode(bytes: Buffer, from: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new AppError("invalid_input", `What ${from} holds is no UTF-8 text.`, {
      hint: "Encode it, for example with base64, and let the environment decode it: fn::fromBase64.",
    });
  }
}

function tooLong(): AppError {
  return new AppError("invalid_input", "A value may have 1 MiB at most.", {
    hint: "Keep large files elsewhere, and their key here.",
  });
}
