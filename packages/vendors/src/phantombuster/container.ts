import type { z } from "zod";
import type { ContainerReply } from "./schemas.ts";

/** One run of an agent. Times: wall clock, ms. */
export interface PhantombusterContainer {
  id: string;
  status: "starting" | "running" | "finished" | "unknown" | "launch error";
  createdAt: number;
  launchedAt: number | null;
  endedAt: number | null;
  endType: string | null;
  exitCode: number | null;
  /** No more will come of it. */
  isEnded: boolean;
  /** It ended by itself, with exit code 0; `finished` alone does not say so. Its result may still be empty. */
  isSuccess: boolean;
  /** That it was launched with, when by us. */
  tag: string | null;
}

/** Under this name the tag of a launch is kept with the vendor. */
export const tagName = "sophiaTag";

export function toContainer(reply: z.infer<typeof ContainerReply>): PhantombusterContainer {
  const { id, status, createdAt, launchedAt = null, endedAt = null, endType = null, exitCode = null } = reply;
  const tag = reply.userCustomMetadata?.[tagName];
  return {
    id,
    status,
    createdAt,
    launchedAt,
    endedAt,
    endType,
    exitCode,
    isEnded: status === "finished" || status === "launch error",
    isSuccess: status === "finished" && endType === "finished" && exitCode === 0,
    tag: typeof tag === "string" ? tag : null,
  };
}
