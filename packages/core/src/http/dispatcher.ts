import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import type { LookupFunction } from "node:net";
import { Agent, type Dispatcher } from "undici";

export interface DispatcherOptions {
  connectTimeoutMs?: number;
  /** Sockets per origin. */
  maxConnections?: number;
  /** A Unix domain socket, e.g. Docker's. */
  socketPath?: string;
  /** PEM file of a private certificate authority, trusted beside the public ones. There is no way to trust all. */
  caFile?: string;
  lookup?: LookupFunction;
}

/** Told by the request itself when its first byte is about to leave; see {@link trackStart}. */
export interface StartWatch {
  started: boolean;
  /** A second start of the same request is forbidden. */
  once: boolean;
}

/** Our own settings for undici: its defaults wait minutes (reference reliability 1.3). */
export function createDispatcher(options: DispatcherOptions = {}): Dispatcher {
  const timeout = options.connectTimeoutMs ?? 2_000;
  return new Agent({
    // HTTP/2 would share one socket between calls; a stalled one would take the others with it.
    allowH2: false,
    connections: options.maxConnections ?? 64,
    // Shorter than most servers' own, so that a socket closed by the other side is rarely picked for a new request.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 30_000,
    maxHeaderSize: 32_768,
    connect: {
      timeout,
      ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
      ...(options.caFile === undefined ? {} : { ca: [...rootCertificates, readFileSync(options.caFile, "utf8")] }),
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    },
  }).compose(trackStart);
}

/**
 * Marks the exact moment bytes leave for the server: until then a failed request may be sent again whatever it does.
 * The watch travels as undici's `opaque`.
 */
function trackStart(dispatch: Dispatcher["dispatch"]): Dispatcher["dispatch"] {
  return (options, handler) => {
    const watch = (options as { opaque?: StartWatch }).opaque;
    if (!watch) return dispatch(options, handler);
    return dispatch(options, {
      onRequestStart(controller, context) {
        if (watch.started && watch.once) {
          controller.abort(new Error("a request that must go out once was about to be sent again"));
          return;
        }
        watch.started = true;
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (controller, status, headers, socket) =>
        handler.onRequestUpgrade?.(controller, status, headers, socket),
      onResponseStart: (controller, status, headers, message) =>
        handler.onResponseStart?.(controller, status, headers, message),
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    });
  };
}
