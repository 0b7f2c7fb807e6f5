import type { EventRelay } from "@sophia/vendors/openai-shape/byte-calls";
import type { StreamChunk } from "@sophia/vendors/openai-shape/event-reader";
import type { EventChunk } from "@sophia/vendors/openai-shape/event-splitter";

/** A client that translates its provider's stream hands it over to be pulled; here it is pushed. */
export function pullEvents(source: AsyncGenerator<StreamChunk, void, undefined>): EventRelay {
  let room = Promise.withResolvers<void>();
  return {
    resume: () => room.resolve(),
    pipe(sink) {
      const run = async (): Promise<void> => {
        for await (const { data, parsed } of source) {
          if (sink.events([{ data, chunk: parsed as EventChunk }], undefined)) continue;
          await room.promise;
          room = Promise.withResolvers();
        }
        sink.end();
      };
      run().catch((error: unknown) => sink.fail(error));
    },
  };
}
