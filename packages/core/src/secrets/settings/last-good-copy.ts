import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { z } from "zod";
import { makeFolder } from "../../config/make-folder.ts";
import { Secret, unwrap } from "../../config/secret.ts";
import { hasErrorCode } from "../../config/start-errors.ts";
import type { Crypter } from "../esc/surroundings.ts";
import type { StoredSettings } from "./stored-settings.ts";

/** What the store said last, encrypted beside the data. A start without the store needs it; nothing else reads it. */
export interface LastGoodCopy {
  /** Undefined when there is none, or none that this key opens. */
  read(): Promise<StoredSettings | undefined>;
  /** In the background: a copy that cannot be kept must not stop a start. */
  write(settings: StoredSettings): void;
  /** Resolves when the last write has ended. */
  settled(): Promise<void>;
}

const Content = z.object({
  openedAt: z.number(),
  version: z.string().optional(),
  values: z.array(z.object({ name: z.string(), text: z.string(), isSecret: z.boolean() })),
});

export function createLastGoodCopy(options: { path: string; crypter: Crypter; log?: Logger }): LastGoodCopy {
  const { path, crypter, log } = options;
  let writing = Promise.resolve();

  async function seal({ openedAt, version, values }: StoredSettings): Promise<void> {
    const variables = [...values].map(([name, { value, isSecret }]) => ({ name, text: unwrap(value), isSecret }));
    const content: z.input<typeof Content> = { openedAt, version, values: variables };
    const sealed = await crypter.encrypt(Buffer.from(JSON.stringify(content)));
    makeFolder(dirname(path));
    const draft = `${path}.${randomBytes(6).toString("hex")}`;
    writeFileSync(draft, sealed, { mode: 0o600, flag: "wx", flush: true });
    renameSync(draft, path);
  }

  return {
    async read() {
      try {
        const text = Buffer.from(await crypter.decrypt(readFileSync(path))).toString("utf8");
        const { openedAt, version, values } = Content.parse(JSON.parse(text));
        const variables = values.map(
          ({ name, text: value, isSecret }) => [name, { value: new Secret(value), isSecret }] as const,
        );
        return { openedAt, version, values: new Map(variables), origin: "copy" };
      } catch (thrown) {
        // Not the error itself: a JSON error quotes the text.
        if (!hasErrorCode(thrown, "ENOENT")) log?.warn({ path }, "The copy of the secrets cannot be opened.");
        return undefined;
      }
    },
    write(settings) {
      writing = writing
        .then(() => seal(settings))
        .catch((thrown: unknown) => log?.warn({ err: thrown, path }, "The copy of the secrets could not be kept."));
    },
    settled: () => writing,
  };
}
