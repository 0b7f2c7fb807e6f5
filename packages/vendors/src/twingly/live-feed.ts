import type { Http } from "@sophia/core/http/http";
import { z } from "zod";
import { Posts, type TwinglyPost } from "./blog-post.ts";
import { policyOf } from "./operations.ts";
import type { XmlElement } from "./read-xml.ts";
import { refuseInput, TwinglyData } from "./xml-reply.ts";

export interface TwinglyFeedPage {
  /** In the order in which the vendor got them. */
  posts: TwinglyPost[];
  /** Where the next page begins. Keep it as it is: it is finer than a millisecond. */
  nextCursor: string;
  /** There were no more at that moment. */
  isCaughtUp: boolean;
}

export interface TwinglyLiveFeed {
  /**
   * What the vendor got from `cursor` on: the `nextCursor` of the page before, or a time (wall clock, ms) at most 30
   * days back. Same cursor, same page: whoever keeps the cursor after the posts loses none.
   * https://developer.twingly.com/resources/livefeed/
   */
  readLiveFeed(
    request: { cursor: string | number; /** 1 to 5,000, default 1,000. */ maxPosts?: number },
    signal: AbortSignal,
  ): Promise<TwinglyFeedPage>;
}

const replyBytes = 64 * 1024 * 1024;
const mostPosts = 5_000;

const FeedReply = TwinglyData.transform((root: XmlElement) => ({ figures: root.attributes, posts: root })).pipe(
  z.object({ figures: z.object({ nextTimestamp: z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) }), posts: Posts }),
);

export function createLiveFeed(http: Http): TwinglyLiveFeed {
  return {
    async readLiveFeed({ cursor, maxPosts = 1_000 }, signal) {
      if (!Number.isInteger(maxPosts) || maxPosts < 1 || maxPosts > mostPosts) {
        throw refuseInput(`maxPosts must be a whole number from 1 to ${mostPosts}.`, "Change maxPosts.");
      }
      const { data } = await http.request({
        ...policyOf("read_live_feed"),
        path: "/GetData",
        query: { timestamp: readCursor(cursor), maxPosts },
        as: "text",
        schema: FeedReply,
        maxBytes: replyBytes,
        signal,
      });
      const { posts, figures } = data;
      return { posts, nextCursor: figures.nextTimestamp, isCaughtUp: posts.length < maxPosts };
    },
  };
}

function readCursor(cursor: string | number): string {
  if (typeof cursor === "number") return new Date(cursor).toISOString();
  if (!Number.isNaN(Date.parse(cursor)) && cursor.endsWith("Z")) return cursor;
  throw refuseInput("The cursor is no time in UTC.", "Give back the nextCursor of the page before, or a time in ms.");
}
