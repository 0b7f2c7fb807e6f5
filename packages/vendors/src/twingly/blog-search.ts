import type { Http } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import { z } from "zod";
import { blogQuery, mostHits, type TwinglyBlogSearch } from "./blog-query.ts";
import { Posts, type TwinglyPost } from "./blog-post.ts";
import { policyOf } from "./operations.ts";
import type { XmlElement } from "./read-xml.ts";
import { walkWindows, type Window } from "./walk-windows.ts";
import { TwinglyData } from "./xml-reply.ts";

export interface TwinglyBlogResult {
  posts: TwinglyPost[];
  /** How many match in all; a query gives at most 1,000 of them. */
  totalMatches: number;
  /** The vendor's servers did not all answer in time: there may be more. Not to be kept as the whole answer. */
  isIncomplete: boolean;
}

export type TwinglyWalk = Required<Pick<TwinglyBlogSearch, "since" | "until">> & Omit<TwinglyBlogSearch, "order">;

export interface TwinglyBlogs {
  searchBlogs(search: TwinglyBlogSearch, signal: AbortSignal): Promise<TwinglyBlogResult>;
  /**
   * Every post between two times, oldest first, window after window, though one query gives only 1,000. `size` (default
   * 500) is that of a window. https://developer.twingly.com/resources/search/
   */
  walkBlogs(search: TwinglyWalk, signal: AbortSignal): AsyncGenerator<Window<TwinglyPost>, void, undefined>;
}

const replyBytes = 32 * 1024 * 1024;
const walkSize = 500;

const Figures = z.object({
  numberOfMatchesTotal: z.string().transform(Number).pipe(z.number().int().nonnegative()),
  incompleteResult: z.string().optional(),
});

const SearchReply = TwinglyData.transform((root: XmlElement) => ({
  // What is missing in it, the schema behind this finds.
  figures: root.attributes as z.input<typeof Figures>,
  posts: root,
})).pipe(z.object({ figures: Figures, posts: Posts }));

/** https://developer.twingly.com/resources/search/ */
export function createBlogs(http: Http, clock: Clock): TwinglyBlogs {
  async function searchBlogs(search: TwinglyBlogSearch, signal: AbortSignal): Promise<TwinglyBlogResult> {
    const { data } = await http.request({
      ...policyOf("search_blogs"),
      path: "/search",
      query: { q: blogQuery(search) },
      as: "text",
      schema: SearchReply,
      maxBytes: replyBytes,
      signal,
    });
    return {
      posts: data.posts,
      totalMatches: data.figures.numberOfMatchesTotal,
      isIncomplete: data.figures.incompleteResult === "true",
    };
  }

  return {
    searchBlogs,
    async *walkBlogs({ size = walkSize, ...search }, signal) {
      yield* walkWindows({
        since: search.since,
        until: search.until,
        size,
        largestSize: mostHits,
        async read(window) {
          const found = await searchBlogs({ ...search, ...window, order: "oldest" }, signal);
          return { items: found.posts, total: found.totalMatches, isIncomplete: found.isIncomplete };
        },
        timeOf: ({ publishedAt }) => publishedAt,
        idOf: ({ id }) => id,
        clock,
        signal,
      });
    },
  };
}
