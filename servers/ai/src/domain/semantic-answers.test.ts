import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSemanticCache } from "@sophia/core/cache/create-semantic-cache";
import { semanticMigrations, type SemanticTables } from "@sophia/core/cache/semantic-tables";
import type { SemanticCache } from "@sophia/core/cache/semantic-cache";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import { systemClock } from "@sophia/core/limits/clock";
import { openStore, type Store } from "@sophia/core/store/store";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoredAnswer } from "./answer.ts";
import { createAnswerCheck, readAnswerText } from "./cache-answer-check.ts";
import { createSemanticAnswers, type SemanticAnswersOptions, type SemanticCall } from "./semantic-answers.ts";

const log = pino({ level: "silent" });
const signal = new AbortController().signal;
const embedder = createLexicalEmbedder({ dimension: 128 });
let dataDir: string;
let store: Store<SemanticTables>;
let cache: SemanticCache;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "sophia-semantic-"));
  store = await openStore<SemanticTables>({ dataDir, migrations: [semanticMigrations], log });
  const checks = Array.from({ length: 400 }, (_, index) => {
    const score = 0.3 + (index / 400) * 0.7;
    const correct = score < 0.5 ? index % 2 : 1;
    return { id: `check ${index}`, category: "faq", score, correct, served: 0, created_at: Date.now() };
  });
  await store.db.insertInto("semantic_checks").values(checks).execute();
  cache = createSemanticCache({ store, clock: systemClock, log, textOf: readAnswerText, random: () => 0 });
});
afterEach(async () => {
  await cache.close();
  await store.close();
  await rm(dataDir, { recursive: true });
});

const answer: StoredAnswer = { id: "a", model: "m", created: 1, content: "Click.", inputTokens: 3, outputTokens: 2 };

function call(content: string, changes: Partial<SemanticCall> = {}): SemanticCall {
  const request = { messages: [{ role: "user", content }] };
  return { request, scope: "caller", modelClass: "m", strength: 1, category: "faq", ...changes };
}

const open = (options: Partial<SemanticAnswersOptions> = {}) =>
  createSemanticAnswers({ cache, embedder, log, ...options });

test("finds what another wording was answered, and learns from a checked hit", async () => {
  const answers = open();
  const first = await answers.find(call("How do I reset my password?"), signal);
  expect(first).toMatchObject({ kind: "miss", reason: "empty", ticket: { category: "faq" } });
  await answers.remember(first.kind === "miss" ? first.ticket! : neverTicket(), answer, { strength: 1 });
  const second = await answers.find(call("how do i reset my password"), signal);
  expect(second).toMatchObject({ kind: "hit", answer, otherClass: false, check: { category: "faq" } });
  const ticket = second.kind === "hit" ? second.check! : neverTicket();
  await answers.remember(ticket, { ...answer, id: "b", created: 2 }, { strength: 1 });
  await answers.remember(ticket, { ...answer, content: "Twice." }, { strength: 1 });
  const [stats] = await cache.stats();
  expect(stats).toMatchObject({ hits: 1, checks: 401, entries: 2 });
  expect(await answers.find(call("How do I reset my password?", { scope: "other" }), signal)).toMatchObject({
    kind: "miss",
    reason: "empty",
  });
});

test("an entry written by a stronger model serves a weaker request, marked", async () => {
  const answers = open();
  const found = await answers.find(call("Explain the contract"), signal);
  await answers.remember(found.kind === "miss" ? found.ticket! : neverTicket(), answer, { strength: 3 });
  expect(await answers.find(call("explain the contract"), signal)).toMatchObject({ kind: "hit", otherClass: true });
  expect(await answers.find(call("explain the contract", { strength: 4 }), signal)).toMatchObject({
    kind: "miss",
    reason: "weaker",
  });
});

test("entries lie with the model that made their vectors, whichever it is for whose question", async () => {
  const other = createLexicalEmbedder({ dimension: 64 });
  const answers = open({
    embedder: { embed: (texts, wish) => (wish.account?.caller === "strict" ? other : embedder).embed(texts, wish) },
  });
  const account = { caller: "strict", requestId: "r" };
  const found = await answers.find(call("Where is the key?"), signal);
  await answers.remember(found.kind === "miss" ? found.ticket! : neverTicket(), answer, { strength: 1 });
  expect(await answers.find(call("where is the key", { account }), signal)).toMatchObject({ reason: "empty" });
  expect(await answers.find(call("where is the key"), signal)).toMatchObject({ kind: "hit" });
});

test("for auto only strength counts, for no class was named", async () => {
  const answers = open();
  const auto = { modelClass: "auto", strength: 0.8 };
  const found = await answers.find(call("Explain the lease", auto), signal);
  await answers.remember(found.kind === "miss" ? found.ticket! : neverTicket(), answer, { strength: 0.9 });
  expect(await answers.find(call("explain the lease", auto), signal)).toMatchObject({ kind: "hit", otherClass: false });
  expect(await answers.find(call("explain the lease", { ...auto, strength: 0.95 }), signal)).toMatchObject({
    kind: "miss",
    reason: "weaker",
  });
});

test("what is none of this cache's business leaves no ticket", async () => {
  const answers = open();
  expect(await answers.find(call("What is new today?"), signal)).toEqual({
    kind: "miss",
    reason: "asks_for_now",
    nearestScore: undefined,
    ticket: undefined,
  });
  expect(await answers.find(call("?!"), signal)).toMatchObject({ reason: "no_vector", ticket: undefined });
});

test("a slow or failing embedding model is not waited for; a caller that leaves is", async () => {
  const slow = {
    ...embedder,
    embed: () => new Promise<never>((_resolve, reject) => setTimeout(reject, 5, new Error())),
  };
  expect(await open({ embedder: slow }).find(call("How?"), signal)).toMatchObject({ reason: "no_vector" });
  const gone = AbortSignal.abort(new Error("gone"));
  await expect(open({ embedder: slow }).find(call("How do I?"), gone)).rejects.toThrow("gone");
});

test("two answers say the same by meaning, never with another figure", async () => {
  const same = createAnswerCheck(embedder);
  const say = (content: string) => JSON.stringify({ ...answer, content });
  expect(await same(say("You have 30 days to return it."), say("You have 30 days to return it!"))).toBe(true);
  expect(await same(say("You have 30 days to return it."), say("You have 14 days to return it."))).toBe(false);
  expect(await same(say("The sky is blue."), say("Refunds take a week."))).toBe(false);
  expect(readAnswerText("not json")).toBe("not json");
});

function neverTicket(): never {
  throw new Error("The look-up left no ticket.");
}
