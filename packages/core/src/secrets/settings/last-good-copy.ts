import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Logger } from "pino";
import { z } from "zod";
import { makeFolder } from "../../config/make-folder.ts";
import { Secret, unwrap } from "../../config/secret.ts";
import { hasErrorCode } from "../../config/start-errors.ts";
import { createDurableFiles } from "../backend/local/durable-files.ts";
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

export interface LastGoodCopyOptions {
  path: string;
  /** A folder for half-made files, on the same file system. */
  drafts: string;
  crypter: Crypter;
  log?: Logger;
}

const Content = z.object({
  openedAt: z.number(),
  version: z.string().optional(),
  values: z.array(z.object({ name: z.string(), text: z.string(), isSecret: z.boolean() })),
});

export function createLastGoodCopy(options: LastGoodCopyOptions): LastGoodCopy {
  const { path, drafts, crypter, log } = options;
  const files = createDurableFiles(drafts);
  let writing = Promise.resolve();

  async function seal({ openedAt, version, values }: StoredSettings): Promise<void> {
    const variables = [...values].map(([name, { value, isSecret }]) => ({ name, text: unwrap(value), isSecret }));
    const content: z.input<typeof Content> = { openedAt, version, values: variables };
    makeFolder(dirname(path));
    await files.replace(path, await crypter.encrypt(Buffer.from(JSON.stringify(content))));
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
