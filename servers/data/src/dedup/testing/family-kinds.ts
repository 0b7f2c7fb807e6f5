import { between, type Random, type Sentences, type Source } from "./draw.ts";

type Family = (source: Source) => string[];

/** Pages that look alike and are not one. Families have 2 to 25 members, mostly few. */
export const familyKinds: Record<string, Family> = {
  // A site's header, footer and terms, 35 to 65 % of each page.
  boilerplate: ({ random, take }) => {
    const frame = take(between(random, 4, 12));
    const head = between(random, 0, frame.length);
    return members(random, () => {
      const body = take(Math.max(2, Math.round(frame.length * (0.55 + random() * 1.3))));
      return [...frame.slice(0, head), ...body, ...frame.slice(head)].join(" ");
    });
  },
  // The weather of towns, results of quarters: one text with other figures and names.
  form: ({ random, take }) => {
    const text = take(between(random, 4, 10))
      .join(" ")
      .split(" ");
    const places = text.map(() => random()).map((chance) => (chance < 0.09 ? "figure" : chance < 0.13 ? "name" : ""));
    return members(random, () => {
      const name = makeName(random);
      return text
        .map((word, index) => {
          if (places[index] === "figure") return String(between(random, 2, 900));
          return places[index] === "name" ? name : word;
        })
        .join(" ");
    });
  },
  // One text about many things: product pages, profiles, job offers.
  namedForm: ({ random, take }) => {
    const text = take(between(random, 4, 10))
      .join(" ")
      .split(" ");
    const places = text.map(() => (random() < 0.1 ? between(random, 1, 3) : 0));
    return members(random, () => {
      const names = [makeName(random), makeName(random), makeName(random)];
      return text.map((word, index) => (places[index] === 0 ? word : names[places[index]! - 1]!)).join(" ");
    });
  },
  // Parts of a series share introduction and closing words.
  series: ({ random, take }) => {
    const [intro, outro] = [take(between(random, 1, 3)), take(between(random, 1, 3))];
    return members(random, () => [...intro, ...take(between(random, 5, 14)), ...outro].join(" "));
  },
  // A digest prints the first lines of stories that stand by themselves too.
  digest: ({ random, take }) => {
    const stories = Array.from({ length: between(random, 6, 9) }, () => take(between(random, 4, 10)));
    const digest = stories.flatMap((story) => story.slice(0, 2)).join(" ");
    return [digest, ...stories.map((story) => story.join(" "))];
  },
  // Two reports of one event quote the same speech.
  quotes: ({ random, take }) => {
    const speech = take(between(random, 2, 5));
    return Array.from({ length: between(random, 2, 4) }, () => mixIn(take(between(random, 6, 12)), speech, random));
  },
};

function members(random: Random, make: () => string): string[] {
  const count = random() < 0.25 ? between(random, 10, 25) : between(random, 2, 8);
  return Array.from({ length: count }, make);
}

function makeName(random: Random): string {
  const pick = (letters: string): string => letters[Math.floor(random() * letters.length)]!;
  return Array.from({ length: 3 }, () => pick("bdfgklmnprstvz") + pick("aeiou")).join("");
}

function mixIn(own: Sentences, speech: Sentences, random: Random): string {
  const at = between(random, 0, own.length);
  return [...own.slice(0, at), ...speech, ...own.slice(at)].join(" ");
}
