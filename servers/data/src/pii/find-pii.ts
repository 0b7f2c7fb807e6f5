import { isIPv6 } from "node:net";
import { accountLength, isCardNumber, isIssuableSsn, passesMod97 } from "./check-digits.ts";
import { addressContext, ssnContext } from "./context-words.ts";
import { findPhones } from "./find-phones.ts";
import type { PiiKind, PiiSpan } from "./pii-span.ts";

const email =
  /(?<![\p{L}\p{N}._%+'-])(?:[\p{L}\p{N}_][\p{L}\p{N}._%+'-]{0,63})@(?:[\p{L}\p{N}][\p{L}\p{N}-]{0,62}\.){1,6}\p{L}[\p{L}\p{N}-]{1,23}(?![\p{L}\p{N}_-])/gu;
/** Spelled so that harvesters do not find it: "jo (at) example (dot) org". */
const spelledEmail =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}][\p{L}\p{N}._%+-]{0,63} ?[([{]\s?(?:at|@)\s?[)\]}] ?[\p{L}\p{N}][\p{L}\p{N}-]{0,62}(?:(?: ?[([{]\s?(?:dot|\.)\s?[)\]}] ?|\.)[\p{L}\p{N}-]{2,63}){1,4}(?![\p{L}\p{N}_-])/giu;
/** `logo@2x.png` is a picture and `git@host:owner/name` a place. */
const fileName = /\.(?:png|jpe?g|gif|svg|webp|avif|ico|css|js|mjs|ts|json|html?|md|txt|ya?ml|zip|gz)$/i;
const account = /(?<![\p{L}\p{N}_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}/giu;
const card = /(?<![\p{L}\p{N}_])(?<!\d[.,-])\d(?:[ -]?\d){11,18}(?![\p{L}\p{N}_])(?![.,]\d)/gu;
const socialSecurity = /(?<![\p{L}\p{N}_])(?<!\d[ .-])\d{3}([ -]?)\d{2}\1\d{4}(?![\p{L}\p{N}_])(?![ .,-]\d)/gu;
const ipv4 =
  /(?<![\p{L}\p{N}_.-])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![\p{L}\p{N}_])(?!\.\d)/gu;
const ipv6 = /(?<![\p{L}\p{N}_:.])[\da-f:]{2,39}(?![\p{L}\p{N}_:])/giu;
const webAddress = /\bhttps?:\/\/[^\s<>"']{1,2000}/giu;

/**
 * Particulars of people in a text, in order and without overlap: e-mail addresses; account, card and social security
 * numbers whose check digits or ranges hold; phone numbers and IP addresses by shape and by the words before them.
 */
export function findPii(text: string): PiiSpan[] {
  if (!/[\d@]|[([{]\s?at\s?[)\]}]/iu.test(text)) return [];
  const found: PiiSpan[] = [];
  const isTaken = (start: number, end: number) => found.some((span) => start < span.end && span.start < end);
  const add = (kind: PiiKind, start: number, end: number) => {
    if (!isTaken(start, end)) found.push({ kind, start, end });
  };
  findEmails(text, add);
  if (/\d/.test(text)) {
    findAccounts(text, add);
    findCards(text, add);
    findSocialSecurity(text, add);
    findAddresses(text, add);
    const links = [...text.matchAll(webAddress)].map((match) => [match.index, match.index + match[0].length] as const);
    const isInLink = (start: number, end: number) => links.some(([from, to]) => start < to && from < end);
    found.push(...findPhones(text, (start, end) => isTaken(start, end) || isInLink(start, end)));
  }
  return found.sort((one, other) => one.start - other.start);
}

type Add = (kind: PiiKind, start: number, end: number) => void;

function findEmails(text: string, add: Add): void {
  for (const match of text.includes("@") ? text.matchAll(email) : []) {
    const end = match.index + match[0].length;
    const isPlace = match[0].startsWith("git@") && text[end] === ":";
    if (!fileName.test(match[0]) && !isPlace) add("email", match.index, end);
  }
  if (!/[([{]\s?(?:at|@)\s?[)\]}]/iu.test(text)) return;
  for (const match of text.matchAll(spelledEmail)) add("email", match.index, match.index + match[0].length);
}

function findAccounts(text: string, add: Add): void {
  for (const match of text.matchAll(account)) {
    const length = accountLength(match[0].slice(0, 2).toUpperCase());
    if (length === undefined) continue;
    let taken = 0;
    let read = 0;
    while (read < match[0].length && taken < length) {
      if (/[A-Z0-9]/i.test(match[0][read] ?? "")) taken += 1;
      read += 1;
    }
    const number = match[0].slice(0, read).replace(/[ -]/g, "").toUpperCase();
    const end = match.index + read;
    const goesOn = /^[\p{L}\p{N}_]/u.test(text.slice(end, end + 2));
    if (taken === length && !goesOn && passesMod97(number)) add("iban", match.index, end);
  }
}

function findCards(text: string, add: Add): void {
  for (const match of text.matchAll(card)) {
    const separators = new Set(match[0].replace(/\d/g, ""));
    if (separators.size > 1) continue;
    if (isCardNumber(match[0].replace(/\D/g, ""))) add("card", match.index, match.index + match[0].length);
  }
}

function findSocialSecurity(text: string, add: Add): void {
  for (const match of text.matchAll(socialSecurity)) {
    if (!isIssuableSsn(match[0].replace(/\D/g, ""))) continue;
    const context = ssnContext(text, match.index);
    // Nine digits in a row, or with spaces, are too common to mean this by themselves.
    if (context === "ssn" || (context === "none" && match[1] === "-")) {
      add("ssn", match.index, match.index + match[0].length);
    }
  }
}

function findAddresses(text: string, add: Add): void {
  for (const match of text.matchAll(ipv4)) {
    const end = match.index + match[0].length;
    const context = addressContext(text, match.index, end);
    // Versions and sections count in small numbers; a part of three digits is rarely one of theirs.
    if (context === "address" || (context === "none" && /\d{3}/.test(match[0]))) add("ip", match.index, end);
  }
  for (const match of text.matchAll(ipv6)) {
    if (match[0].length >= 6 && /\d/.test(match[0]) && isIPv6(match[0])) {
      add("ip", match.index, match.index + match[0].length);
    }
  }
}
