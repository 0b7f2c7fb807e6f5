import type { TagEpochs } from "@sophia/core/cache/tag-epochs";
import type { EmbedAccount } from "@sophia/core/embed/embedder";
import type { ChatCall } from "./chat-call.ts";
import { buildCacheKey } from "./chat-request.ts";
import type { KeyPolicy } from "./key-policy.ts";

/** What an equal request would be found by. */
export interface CallKey {
  partition: string;
  key: string;
  flight: string;
  /** Whose answers may serve it by meaning. */
  scope: string;
}

/** Whose texts they are that are embedded beside the call. */
export function accountOf({ caller, requestId }: ChatCall): EmbedAccount {
  return { caller: caller.id, requestId };
}

/** `undefined`: such a request is never answered from a cache. */
export function toKey(
  call: ChatCall,
  policy: KeyPolicy,
  { simulated, tagEpochs }: { simulated: boolean; tagEpochs?: TagEpochs | undefined },
): CallKey | undefined {
  if (call.cache === "bypass") return undefined;
  const tags = call.tags ? JSON.stringify(tagEpochs?.current(call.tags) ?? call.tags) : "";
  const key = buildCacheKey(
    call.request,
    `${simulated} ${policy.dataPolicy} ${policy.region ?? ""} ${call.qualityFloor ?? ""} ${tags}`,
  );
  if (key === undefined) return undefined;
  const partition = call.caller.id;
  // As with equal requests: what a simulator said, or what was asked under another policy, serves nobody else.
  const apart = [
    simulated ? "simulated" : "",
    policy.dataPolicy === "any" ? "" : policy.dataPolicy,
    policy.region ?? "",
  ];
  const scope = [partition, ...apart].join(" ").trimEnd();
  return { partition, key, flight: `${partition} ${key} ${call.cache}`, scope };
}
