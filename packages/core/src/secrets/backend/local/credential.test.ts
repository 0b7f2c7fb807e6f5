import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCredential, parseCredential } from "./credential.ts";
import { createKeyring } from "./keyring.ts";

const ids = [
  { project: "sophia", name: "ai-intelligence-production" },
  { project: "sophia", name: "base" },
];
const stranger = { project: "sophia", name: "infrastructure-production" };
const root = createKeyring(Buffer.alloc(32, 3));

describe("a credential", () => {
  it("opens what it was made for, and nothing else", async () => {
    const keyring = parseCredential(` ${formatCredential(root, ids)}\n`);
    for (const id of ids) {
      expect(keyring.has(id)).toBe(true);
      const sealed = await root.crypter(id).encrypt(Buffer.from("s3cret"));
      expect(Buffer.from(await keyring.crypter(id).decrypt(sealed)).toString()).toBe("s3cret");
    }
    expect(keyring.has(stranger)).toBe(false);
    expect(() => keyring.crypter(stranger)).toThrow(expect.objectContaining({ kind: "denied" }) as Error);
    expect(() => formatCredential(keyring, [stranger])).toThrow(expect.objectContaining({ kind: "denied" }) as Error);
  });

  it("may hold a thousand imports, their names as long as they may be", () => {
    const many = Array.from({ length: 1_001 }, (_, index) => ({
      project: "p".repeat(100),
      name: String(index).padStart(100, "n"),
    }));
    const keyring = parseCredential(formatCredential(root, many));
    expect(many.every((id) => keyring.has(id))).toBe(true);
  });

  it("makes the same fingerprints as the key it came from, which other keys do not", () => {
    const keyring = parseCredential(formatCredential(root, ids));
    expect(keyring.fingerprint("value")).toBe(root.fingerprint("value"));
    expect(keyring.fingerprint("value")).toMatch(/^[0-9a-f]{64}$/);
    expect(root.fingerprint("value")).not.toBe(root.fingerprint("Value"));
    expect(createKeyring(Buffer.alloc(32, 4)).fingerprint("value")).not.toBe(root.fingerprint("value"));
  });

  it("is refused whole when it was cut, changed or never one, without being quoted", () => {
    const text = formatCredential(root, ids);
    for (const bad of ["", "sophia_esc_", text.slice(0, -40), text.slice(5), `sophia_esc_${btoa('{"version":1}')}`]) {
      const thrown = catchError(() => parseCredential(bad));
      expect(thrown).toMatchObject({ kind: "not_configured" });
      expect(thrown).not.toHaveProperty("cause");
    }
    fc.assert(
      fc.property(fc.string(), (noise) => {
        expect(() => parseCredential(`sophia_esc_${noise}`)).toThrow("not a credential");
      }),
    );
  });
});

function catchError(work: () => unknown): unknown {
  try {
    return work();
  } catch (thrown) {
    return thrown;
  }
}
