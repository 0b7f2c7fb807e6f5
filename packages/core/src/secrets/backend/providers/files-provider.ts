import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { sep } from "node:path";
import { hasErrorCode } from "../../../config/start-errors.ts";
import { AppError } from "../../../errors/app-error.ts";
import { fromPlainData } from "../../esc/from-plain.ts";
import type { OpenProvider } from "../../esc/surroundings.ts";
import { mapOf, objectOf, secretText, text } from "./provider-schemas.ts";
import { readEntries } from "./read-inputs.ts";

const maximumBytes = 1024 * 1024;
/** What a process is told and holds open: its environment, its pipes. None of it is a file of anybody's. */
const systemFolders = ["/proc", "/sys", "/dev"];

/**
 * `fn::open::files: { get: { name: /path } }`: text files of this machine. An environment may come from somebody else
 * and would ask for whatever this user can read, so only files below folders that the operator named are read, links
 * followed before that is decided.
 *
 * @param options.refused files and folders that are never read, whatever is allowed: where our own keys are.
 */
export function createFilesProvider(options: {
  allowedFolders: readonly string[];
  refused: readonly string[];
}): OpenProvider {
  const refused = [...options.refused, ...systemFolders];

  async function read(name: string, path: unknown): Promise<string> {
    if (typeof path !== "string" || !path.startsWith("/") || path.includes("\0")) {
      throw new AppError("invalid_input", `get.${name} is no absolute path.`, { hint: "Begin it with a slash." });
    }
    // One answer for what is outside and for what is not there: which files exist is nobody's business either.
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined || !(await isBelow(real, options.allowedFolders))) throw notAllowed(name);
    if (await isBelow(real, refused)) throw notAllowed(name);
    return await readSmallFile(real, name);
  }

  return {
    schema: () => ({ inputs: objectOf({ get: mapOf(text) }), outputs: mapOf(secretText) }),
    async open(inputs) {
      const values = new Map<string, string>();
      for (const [name, { value }] of readEntries(inputs, "get")) values.set(name, await read(name, value));
      return fromPlainData(values, { secret: true });
    },
  };
}

async function isBelow(path: string, folders: readonly string[]): Promise<boolean> {
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
  return real.some(
    (folder) =>
      folder !== undefined && (path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)),
  );
}

async function readSmallFile(path: string, name: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    // Neither a link that was put there meanwhile, nor a pipe that nobody writes to.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await file.stat();
    if (!found.isFile() || found.size > maximumBytes) throw tooLarge(name);
    const buffer = Buffer.alloc(maximumBytes + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > maximumBytes) throw tooLarge(name);
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, bytesRead));
  } catch (thrown) {
    throw toReadError(name, thrown);
  } finally {
    await file?.close();
  }
}

function toReadError(name: string, thrown: unknown): unknown {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof TypeError) {
    return new AppError("invalid_input", `The file of get.${name} is no text.`, { hint: "Only UTF-8 text is read." });
  }
  if (hasErrorCode(thrown, "EACCES") || hasErrorCode(thrown, "ENOENT") || hasErrorCode(thrown, "ELOOP")) {
    return notAllowed(name);
  }
  return thrown;
}

function notAllowed(name: string): AppError {
  return new AppError("denied", `The file of get.${name} may not be read here, or is not there.`, {
    hint: "Whoever runs Sophia can name its folder in SOPHIA_SECRETS_ALLOW_FOLDERS.",
  });
}

function tooLarge(name: string): AppError {
  return new AppError("invalid_input", `The file of get.${name} is no text file of at most ${maximumBytes} bytes.`, {
    hint: "Name a smaller one.",
  });
}
