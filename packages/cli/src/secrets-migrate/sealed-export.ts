import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";
import { parseScope } from "./export-scope.ts";

const format = "sophia secrets export 1";

const SealedExport = z.object({
  format: z.literal(format),
  run: z.string().max(100),
  scope: z.string().max(300),
  key: z.string().max(100),
  nonce: z.base64(),
  ciphertext: z.base64(),
  tag: z.base64(),
});

const ExportContent = z.object({
  run: z.string(),
  scope: z.string(),
  fingerprintKey: z.base64(),
  secrets: z.array(
    z.object({
      name: z.string().regex(/^\w{1,255}$/),
      value: z.base64(),
      fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

/** A secret as the runner saw it. */
export interface ExportedSecret {
  scope: string;
  name: string;
  value: Secret;
  /** HMAC-SHA-256 in hex, computed on the runner. */
  fingerprint: string;
  /** Key of the fingerprint, made on the runner. */
  fingerprintKey: Buffer;
}

export interface ExportKeyPair {
  /** X25519, base64url. */
  publicKey: string;
  /** PKCS #8, to be kept sealed. */
  privateKey: Buffer;
}

export function createExportKeyPair(): ExportKeyPair {
  const pair = generateKeyPairSync("x25519");
  return {
    publicKey: pair.publicKey.export({ format: "jwk" }).x ?? "",
    privateKey: pair.privateKey.export({ format: "der", type: "pkcs8" }),
  };
}

/** Opens one file of the export. Throws AppError `invalid_input` for another run's file, or one that was altered. */
export function openSealedExport(text: string, run: string, privateKey: Buffer): readonly ExportedSecret[] {
  const sealed = parseSealed(text);
  if (sealed.run !== run) {
    throw new AppError(
      "invalid_input",
      `This file belongs to the export ${sealed.run.replace(/[^\w.-]/g, "")}, not to ${run}.`,
      {
        hint: "Download the artifacts of the run of this workflow.",
      },
    );
  }
  parseScope(sealed.scope);
  const content = readContent(decrypt(sealed, privateKey));
  if (content.run !== run || content.scope !== sealed.scope) throw altered();
  const fingerprintKey = Buffer.from(content.fingerprintKey, "base64");
  return content.secrets.map(({ name, value, fingerprint }) => {
    const bytes = Buffer.from(value, "base64");
    if (!isFingerprintOf(bytes, fingerprint, fingerprintKey)) throw altered();
    return { scope: sealed.scope, name, value: new Secret(bytes.toString("utf8")), fingerprint, fingerprintKey };
  });
}

/** Compares in constant time. @param value text, or its bytes in UTF-8. */
export function isFingerprintOf(value: string | Buffer, fingerprint: string, fingerprintKey: Buffer): boolean {
  const computed = createHmac("sha256", fingerprintKey).update(value).digest();
  const given = Buffer.from(fingerprint, "hex");
  return given.length === computed.length && timingSafeEqual(given, computed);
}

function parseSealed(text: string): z.infer<typeof SealedExport> {
  try {
    return SealedExport.parse(JSON.parse(text));
  } catch {
    throw new AppError("invalid_input", "This is no result of the export workflow.", {
      hint: "Give the artifact's zip file, or the json file inside it, as it was downloaded.",
    });
  }
}

function decrypt(sealed: z.infer<typeof SealedExport>, privateKey: Buffer): Buffer {
  try {
    const own = createPrivateKey({ key: privateKey, format: "der", type: "pkcs8" });
    const recipient = createPublicKey(own).export({ format: "jwk" }).x ?? "";
    const runner = createPublicKey({ key: { kty: "OKP", crv: "X25519", x: sealed.key }, format: "jwk" });
    const shared = diffieHellman({ privateKey: own, publicKey: runner });
    const context = [format, sealed.run, sealed.scope, recipient, sealed.key].join("\n");
    const key = Buffer.from(hkdfSync("sha256", shared, "", context, 32));
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(sealed.nonce, "base64"), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(context)).setAuthTag(Buffer.from(sealed.tag, "base64"));
    return Buffer.concat([decipher.update(Buffer.from(sealed.ciphertext, "base64")), decipher.final()]);
  } catch (thrown) {
    throw altered(thrown);
  }
}

/** Not the parser's error: it would quote the content. */
function readContent(bytes: Buffer): z.infer<typeof ExportContent> {
  try {
    return ExportContent.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    throw altered();
  }
}

function altered(cause?: unknown): AppError {
  return new AppError("invalid_input", "The result of the export was altered, or sealed for another key.", {
    hint: "Download the artifact again. If it stays so, start a new export.",
    cause,
  });
}
