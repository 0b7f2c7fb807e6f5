import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { AiConfig } from "../config.ts";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { findEndpoints } from "./find-endpoints.ts";
import { createModelCatalog } from "./model-catalog.ts";
import { createModels } from "./models.ts";
import type { Provider } from "./targets.ts";
import type { ListedModel } from "@sophia/vendors/openai-shape/listed-model";
import type { OpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import { createPriceBook } from "./prices.ts";
import { startOpenAiSimulator } from "@sophia/simulators/openai/simulator";

const log = pino({ level: "silent" });
const clock = createVirtualClock();
const listed = (id: string, kind: ListedModel["kind"] = "chat"): ListedModel => ({
  id,
  kind,
  contextLength: undefined,
  pricing: undefined,
});

function provider(endpoint: Partial<ModelEndpoint>, models: readonly ListedModel[] | Error): Provider {
  const whole: ModelEndpoint = {
    service: "svc",
    mode: "live",
    baseUrl: "https://svc.test/v1",
    models: [],
    ...endpoint,
  };
  const listModels = async () => {
    if (models instanceof Error) throw models;
    return [...models];
  };
  const client = { listModels } as unknown as OpenAiClient;
  return { endpoint: whole, client, catalog: createModelCatalog({ endpoint: whole, client, clock, log }) };
}

const create = (...providers: Provider[]) => createModels({ providers, prices: createPriceBook({ clock }), clock });

describe("which model answers", () => {
  test("the default is the first configured one, and a lone or local one needs no naming", async () => {
    const configured = create(provider({ models: ["b", "a"] }, [listed("a"), listed("b")]));
    expect((await configured.resolve("auto")).model).toBe("b");
    expect((await create(provider({}, [listed("e", "embedding"), listed("only")])).resolve(undefined)).model).toBe(
      "only",
    );
    expect((await create(provider({ mode: "local" }, [listed("x"), listed("y")])).resolve(undefined)).model).toBe("x");
  });

  test("among several paid ones nobody guesses", async () => {
    const models = create(provider({}, [listed("a"), listed("b")]));
    await expect(models.resolve(undefined)).rejects.toMatchObject({ kind: "invalid_input" });
  });

  test("unless one of them was set as the default; one that nobody lists is a mistake that is named", async () => {
    const providers = [
      provider({ service: "one" }, [listed("a"), listed("b")]),
      provider({ service: "two" }, [listed("c")]),
    ];
    const open = (defaultModel: string) =>
      createModels({ providers, prices: createPriceBook({ clock }), clock, defaultModel });
    expect((await open("c").resolve("auto")).candidate.service).toBe("two");
    expect((await open("c").resolve("a")).model).toBe("a");
    await expect(open("vendor/cc").resolve(undefined)).rejects.toMatchObject({
      kind: "not_configured",
      message: expect.stringContaining("SOPHIA_AI_DEFAULT_MODEL"),
    });
  });

  test("a named model is obeyed, wherever it is", async () => {
    const first = provider({ service: "one" }, [listed("a")]);
    const second = provider({ service: "two" }, [listed("b"), listed("llama:8b")]);
    const models = create(first, second);
    expect((await models.resolve("b")).provider.endpoint.service).toBe("two");
    expect((await models.resolve("llama:8b")).model).toBe("llama:8b");
    // A routing suffix belongs to the provider: it is kept in the request.
    expect(await models.resolve("b:nitro")).toMatchObject({ model: "b:nitro", provider: second });
    // Lists are not always whole: the provider has the last word.
    expect(await models.resolve("new-model")).toMatchObject({ model: "new-model", provider: first });
  });

  test("a list of allowed models is a list", async () => {
    const models = create(provider({ models: ["a"] }, [listed("a"), listed("b")]));
    await expect(models.resolve("bcde")).rejects.toMatchObject({
      kind: "not_found",
      hint: "Offered: a. list_models shows all.",
    });
    expect((await models.list()).map((model) => model.id)).toEqual(["a"]);
  });

  test("the simulator plays for any name, but for a slip in one of its own", async () => {
    const models = create(provider({ mode: "simulated" }, [listed("simulated/small"), listed("simulated/large")]));
    expect((await models.resolve("auto")).model).toBe("simulated/small");
    await expect(models.resolve("simulated/lagre")).rejects.toMatchObject({
      kind: "not_found",
      hint: "Did you mean simulated/large?",
    });
    expect((await models.resolve("gpt-4o-mini")).model).toBe("simulated/small");
  });

  test("with nothing there, the error says what to do", async () => {
    const error = await create()
      .resolve("x")
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "not_configured", hint: expect.stringContaining("SOPHIA_OPENAI_API_KEY") });
    await expect(create().list()).rejects.toMatchObject({ kind: "not_configured" });
  });
});

describe("the catalog", () => {
  test("configured models are offered even when the list cannot be fetched", async () => {
    const models = create(provider({ models: ["a"] }, new Error("down")));
    expect((await models.resolve("a")).price.origin).toBe("unknown");
  });

  test("a provider that is down hides only its own models", async () => {
    const models = create(provider({}, new Error("down")), provider({}, [listed("b")]));
    expect((await models.list()).map((model) => model.id)).toEqual(["b"]);
    await expect(create(provider({}, new Error("down"))).list()).rejects.toThrow("down");
  });

  test("a provider that does not answer is not asked at every call", async () => {
    let calls = 0;
    const listModels = async () => {
      calls += 1;
      throw new Error("down");
    };
    const endpoint = provider({}, []).endpoint;
    const catalog = createModelCatalog({ endpoint, client: { listModels }, clock, log });
    for (let round = 0; round < 3; round += 1) await expect(catalog.list()).rejects.toThrow("down");
    expect(calls).toBe(1);
    await clock.advance(16_000);
    await expect(catalog.list()).rejects.toThrow("down");
    expect(calls).toBe(2);
  });

  test("a provider that hangs holds up nobody again, and is seen when it comes back", async () => {
    const looks: ReturnType<typeof Promise.withResolvers<ListedModel[]>>[] = [];
    const listModels = () => {
      const look = Promise.withResolvers<ListedModel[]>();
      looks.push(look);
      return look.promise;
    };
    const endpoint = provider({}, []).endpoint;
    const catalog = createModelCatalog({ endpoint, client: { listModels }, clock, log });
    const first = catalog.list();
    looks[0]?.reject(new Error("hangs"));
    await expect(first).rejects.toThrow("hangs");
    await clock.advance(16_000);
    const looking = catalog.list();
    await expect(catalog.list()).rejects.toThrow("hangs");
    const late = expect(looking).rejects.toThrow("hangs");
    await clock.advance(1_000);
    await late;
    looks[1]?.resolve([listed("a")]);
    await looks[1]?.promise;
    expect(await catalog.list()).toHaveLength(1);
    expect(looks).toHaveLength(2);
    expect(clock.sleeping).toBe(0);
  });

  test("the old list serves while a new one is fetched, and when that fails", async () => {
    let calls = 0;
    const listModels = async () => {
      calls += 1;
      if (calls > 1) throw new Error("down");
      return [listed("a")];
    };
    const endpoint = provider({}, []).endpoint;
    const catalog = createModelCatalog({ endpoint, client: { listModels }, clock, log });
    await Promise.all([catalog.list(), catalog.list()]);
    expect(calls).toBe(1);
    await clock.advance(11 * 60_000);
    expect(await catalog.list()).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await catalog.list()).toHaveLength(1);
    expect(calls).toBe(2);
  });
});

describe("where models are found", () => {
  const settings = (values: Record<string, string>) => AiConfig.parse({ SOPHIA_AI_LOCAL_MODELS: "0", ...values });

  test("nowhere, without configuration", async () => {
    expect(await findEndpoints(settings({}), { log, clock })).toEqual([]);
  });

  test("at the configured place; a key alone means OpenAI", async () => {
    const [custom] = await findEndpoints(
      settings({ SOPHIA_OPENAI_BASE_URL: "https://openrouter.ai/api/v1/", SOPHIA_OPENAI_MODELS: "a, b" }),
      { log, clock },
    );
    expect(custom).toEqual({
      service: "openrouter",
      mode: "live",
      baseUrl: "https://openrouter.ai/api/v1",
      models: ["a", "b"],
    });
    const [openAi] = await findEndpoints(settings({ SOPHIA_OPENAI_API_KEY: "sk-x" }), { log, clock });
    expect(openAi).toMatchObject({ service: "openai", baseUrl: "https://api.openai.com/v1" });
    expect(JSON.stringify(openAi)).not.toContain("sk-x");
  });

  test("on this machine, where a list of models answers in time", async () => {
    const simulator = await startOpenAiSimulator();
    const localUrls = [simulator.url, "http://127.0.0.1:9/v1"];
    const started = performance.now();
    const found = await findEndpoints(settings({ SOPHIA_AI_LOCAL_MODELS: "1" }), { log, clock, localUrls });
    expect(found).toEqual([{ service: "local-models", mode: "local", baseUrl: simulator.url, models: [] }]);
    expect(performance.now() - started).toBeLessThan(2_000);
    await simulator.close();
  });
});
