import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ensureKeyFile } from "../../../config/key-file.ts";
import { hasErrorCode, toFileError } from "../../../config/start-errors.ts";
import { AppError } from "../../../errors/app-error.ts";
import type { Keychain } from "./keychain.ts";
import { createKeyring, keyBytes, type Keyring } from "./keyring.ts";

/** A note that the key is in a keychain, and under which name. The key itself is nowhere in the folder then. */
const Place = z.object({ keychain: z.string(), account: z.string() });
type Place = z.infer<typeof Place>;

const keyFile = "key";
const placeFile = "key-place.json";

/**
 * The keys of this installation. The root key is made on first use: in `keychain` when one is given and it works, else
 * in the file `key` (mode 0600) of `folder`. Where it was put, it is looked for ever after: a locked keychain is an error,
 * not a reason for a second key. Throws AppError `not_configured` when the key is gone or does not read.
 */
export async function loadRootKeyring(options: { folder: string; keychain?: Keychain }): Promise<Keyring> {
  const { folder, keychain } = options;
  const path = join(folder, keyFile);
  if (existsSync(path)) return createKeyring(parseKey(readFileOf(path), path));
  const place = readPlace(folder) ?? (keychain && (await moveIn(folder, keychain)));
  if (place !== undefined) return createKeyring(await readFromKeychain(place, keychain, folder));
  refuseSecondKey(folder);
  return createKeyring(parseKey(ensureKeyFile(path, createKeyText).toString("utf8"), path));
}

/** Text, so that a person can write it down. */
function createKeyText(): string {
  return `${randomBytes(keyBytes).toString("base64url")}\n`;
}

function parseKey(text: string, where: string): Uint8Array {
  const key = Buffer.from(text.trim(), "base64url");
  if (key.length === keyBytes) return key;
  throw new AppError("not_configured", `What ${where} holds is no key of secrets.`, {
    hint: "Put a copy of the key back. Another key would open none of the secrets.",
  });
}

function readFileOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw toFileError(thrown, path);
  }
}

/** Undefined when the keychain does not work and no key was put there before: then the file is as good. */
async function moveIn(folder: string, keychain: Keychain): Promise<Place | undefined> {
  refuseSecondKey(folder);
  const account = `sophia-${randomBytes(8).toString("hex")}`;
  const text = createKeyText().trim();
  try {
    await keychain.write(account, text);
    if ((await keychain.read(account)) !== text) return undefined;
  } catch {
    return undefined;
  }
  // Of two first starts, whose note is linked into place first decides; the other's entry is not used by anybody.
  const mine: Place = { keychain: keychain.name, account };
  ensureKeyFile(join(folder, placeFile), () => JSON.stringify(mine));
  const place = readPlace(folder);
  if (place !== undefined && place.account !== account) await keychain.remove(account).catch(() => undefined);
  return place;
}

function readPlace(folder: string): Place | undefined {
  const path = join(folder, placeFile);
  try {
    return Place.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT")) return undefined;
    throw new AppError("not_configured", `The note ${path} about where the key is cannot be read.`, {
      hint: "Put a copy of it back from a backup of this folder.",
      cause: thrown,
    });
  }
}

async function readFromKeychain(place: Place, keychain: Keychain | undefined, folder: string): Promise<Uint8Array> {
  const where = `the keychain ${place.keychain} (entry ${place.account})`;
  if (keychain?.name !== place.keychain) throw keyOutOfReach(where, folder);
  const text = await keychain.read(place.account).catch((thrown: unknown) => {
    throw keyOutOfReach(where, folder, thrown);
  });
  if (text === undefined) throw keyOutOfReach(where, folder);
  return parseKey(text, where);
}

function keyOutOfReach(where: string, folder: string, cause?: unknown): AppError {
  return new AppError("not_configured", `The key of the secrets is in ${where}, which did not give it.`, {
    hint: `Unlock the keychain and try again, or write a copy of the key to ${join(folder, keyFile)} (mode 0600).`,
    ...(cause !== undefined && { cause }),
  });
}

/** A new key beside old secrets would look like success until somebody needs one of them. */
function refuseSecondKey(folder: string): void {
  const environments = join(folder, "environments");
  if (!existsSync(environments) || readdirSync(environments).length === 0) return;
  throw new AppError(
    "not_configured",
    `${environments} holds environments, but their key ${join(folder, keyFile)} is gone.`,
    {
      hint: "Put a copy of the key back. To begin anew instead, move the folder away.",
    },
  );
}
