import { expect, test } from "vitest";
import { fieldOfColumn } from "./read-lead-table.ts";

test.each([
  ["given_name", "givenName"],
  ["First Name", "givenName"],
  ["surname", "surname"],
  ["E-Mail", "email"],
  ["Work phone number", "phone"],
  ["Mobile", "phone"],
  ["date_of_birth", "birthDate"],
  ["street_number", "houseNumber"],
  ["address_1", "street"],
  ["Address", "street"],
  ["address_2", "addressLine"],
  ["suburb", "city"],
  ["Zip", "postcode"],
  ["state", "region"],
  ["soc_sec_id", "identifier"],
  ["Site name", "organisation"],
  ["Company", "organisation"],
  ["Website", "website"],
  ["Full name", "name"],
  ["rec_id", undefined],
  ["Notes", undefined],
  ["Program Name", undefined],
])("%s holds %s", (column, field) => {
  expect(fieldOfColumn(column)).toBe(field);
});
