import { AppError } from "@sophia/core/errors/app-error";
import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { z } from "zod";

export interface ArizeRestOptions {
  apiKey: Secret;
  spaceId: string;
  /** Without `/v2`. */
  baseUrl: string;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
}

/** What people said of one span; names are those of annotation configurations of the space. */
export interface SpanOpinion {
  /** 16 hex digits. */
  spanId: string;
  values: { name: string; score?: number | undefined; label?: string | undefined; text?: string | undefined }[];
}

export interface ArizeRestClient {
  /** Throws AppError `not_found` while nothing has been traced into it. */
  fetchProjectId(name: string, signal: AbortSignal): Promise<string>;
  /** At most 1,000 spans of the last `days` (31 at most). All or none are written. */
  annotateSpans(
    opinions: readonly SpanOpinion[],
    target: { projectId: string; days: number },
    signal: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}

const dayMs = 86_400_000;

const Projects = z.object({ projects: z.array(z.object({ id: z.string(), name: z.string() })).max(1_000) });

/** Arize's REST API, version 2. https://arize.com/docs/ax/rest-reference */
export function createArizeRestClient(options: ArizeRestOptions): ArizeRestClient {
  const { apiKey, spaceId, baseUrl, log, clock, observer } = options;
  const http = createHttp({
    service: "arize",
    baseUrl,
    auth: { in: "bearer", secret: apiKey },
    log,
    clock,
    ...(observer && { observer }),
    timeoutMs: 15_000,
  });
  return {
    // https://arize.com/docs/api-reference/projects/list-projects
    async fetchProjectId(name, signal) {
      const query = { space_id: spaceId, name, limit: 100 };
      const { data } = await http.request({
        path: "/v2/projects",
        query,
        schema: Projects,
        operation: "projects",
        signal,
      });
      const project = data.projects.find((listed) => listed.name === name);
      if (project) return project.id;
      throw new AppError("not_found", "Arize has no project of that name yet.", {
        hint: "It is made with the first trace.",
        service: "arize",
      });
    },
    // https://arize.com/docs/api-reference/spans/annotate-a-batch-of-project-spans
    async annotateSpans(opinions, { projectId, days }, signal) {
      const now = clock.now();
      await http.request({
        method: "POST",
        path: "/v2/spans/annotate",
        body: {
          project_id: projectId,
          start_time: new Date(now - days * dayMs).toISOString(),
          end_time: new Date(now).toISOString(),
          annotations: opinions.map(({ spanId, values }) => ({ record_id: spanId, values })),
        },
        // The same name on the same span is overwritten.
        idempotent: true,
        schema: z.unknown(),
        operation: "annotate",
        signal,
      });
    },
    close: () => http.close(),
  };
}
