import { createHmac, hash, pbkdf2Sync, randomBytes } from "node:crypto";

const iterations = 4_096;

/**
 * What PostgreSQL keeps of a password. Sent instead of it, the server never has the password itself to log.
 * https://www.postgresql.org/docs/current/catalog-pg-authid.html and RFC 5803. Only for ASCII: no SASLprep is done.
 */
export function createScramVerifier(password: string, salt: Uint8Array = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const sign = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const storedKey = hash("sha256", sign("Client Key"), "base64");
  const serverKey = sign("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString("base64")}$${storedKey}:${serverKey}`;
}
