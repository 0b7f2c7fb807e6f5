import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKeyring } from "./keyring.ts";

const keyring = createKeyring(Buffer.alloc(32, 1));
const one = keyring.crypter({ project: "shop", name: "one" });

describe("the cipher of an environment", () => {
  it("gives back what it sealed, of any length, and never the same ciphertext twice", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (plaintext) => {
        const [first, second] = [await one.encrypt(plaintext), await one.encrypt(plaintext)];
        expect(Buffer.from(first).equals(second)).toBe(false);
        expect(Buffer.from(await one.decrypt(first)).equals(plaintext)).toBe(true);
      }),
    );
  });

  it("opens nothing that was sealed for another environment, not even under the same key", async () => {
    const sealed = await one.encrypt(Buffer.from("s3cret"));
    const other = keyring.crypter({ project: "shop", name: "two" });
    await expect(other.decrypt(sealed)).rejects.toMatchObject({ kind: "denied" });
    const { createEnvironmentCipher } = await import("./environment-cipher.ts");
    const sameKey = createEnvironmentCipher("shop/two", keyring.exportKey({ project: "shop", name: "one" }));
    await expect(sameKey.decrypt(sealed)).rejects.toMatchObject({ kind: "denied" });
  });

  it("refuses any change of any byte, and any cut", async () => {
    const sealed = await one.encrypt(Buffer.from("s3cret"));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      await expect(one.decrypt(changed)).rejects.toMatchObject({ kind: "denied" });
      await expect(one.decrypt(sealed.subarray(0, at))).rejects.toMatchObject({ kind: "denied" });
    }
  });
});
