/** Parts of made-up stories. `{company}` and the like are filled in by `corpus.ts`. */
export interface PhraseBook {
  titles: readonly string[];
  openings: readonly string[];
  middles: readonly string[];
  endings: readonly string[];
  notice: string;
}

export const companies = [
  "Aldermoor Systems",
  "Brightwater Foods",
  "Cinderpath Robotics",
  "Dunmere Energy",
  "Eastvale Logistics",
  "Fernhollow Labs",
  "Graymark Health",
  "Hollin Motors",
];
export const products = [
  "a cold-chain sensor",
  "a warehouse robot",
  "a pricing service",
  "a battery recycling line",
  "an invoice reader",
  "a route planner",
];
export const places = ["Rotterdam", "Malmö", "Leipzig", "Valencia", "Lyon", "Toronto"];
export const authors = ["Mara Quill", "Jonas Feld", "Inés Duarte", "Karin Åberg", "Luc Moreau", "Priya Nandan"];

export const phraseBooks: Readonly<Record<"en" | "de" | "es" | "sv" | "fr", PhraseBook>> = {
  en: {
    titles: [
      "{company} opens {product} in {place}",
      "{company} cuts the price of {product}",
      "What {company} plans after {place}",
      "{company} and the trouble with {product}",
    ],
    openings: [
      "{company} said on {day} that it will bring {product} to {place} before the summer.",
      "After {months} months of trials in {place}, {company} is ready to sell {product}.",
      "Customers of {company} in {place} will pay {percent} per cent less for {product} from {day} on.",
    ],
    middles: [
      "The company employs {people} people and has tested the idea with {customers} customers since last year.",
      "Its finance chief puts the cost of the change at {millions} million euros, spread over {months} months.",
      "A rival called the step late, but two retailers said that it solved a problem they had counted as lost.",
      "Early users praised how little training it took, and complained about the wait for spare parts.",
      "An engineer on the project described {count} failed prototypes before the present one held for a week.",
      "The works council in {place} agreed after the company promised to keep all {people} jobs for three years.",
      "Independent tests found {percent} per cent fewer errors than with the old method, at about the same speed.",
      "Regulators asked for more data on {count} incidents during the trial; the answers are due on {day}.",
    ],
    endings: [
      "The first deliveries are planned for week {count}.",
      "A decision on the second site will follow once {customers} orders are signed.",
      "Shares closed {percent} per cent higher.",
    ],
    notice: "Simulated page: nothing in it happened.",
  },
  de: {
    titles: ["{company} startet in {place}", "{company} senkt die Preise", "Warum {company} nach {place} geht"],
    openings: ["{company} eröffnet am {day} einen Standort in {place} und stellt dafür {people} Menschen ein."],
    middles: [
      "Der Umbau kostet {millions} Millionen Euro und dauert nach Angaben des Vorstands {months} Monate.",
      "Mehrere Händler berichten, dass die Fehlerquote um {percent} Prozent gesunken ist.",
      "Ein Wettbewerber nannte den Schritt verspätet, will aber im Herbst nachziehen.",
      "Der Betriebsrat hat nach {count} Sitzungen zugestimmt.",
    ],
    endings: ["Die ersten Lieferungen sind für Woche {count} geplant."],
    notice: "Simulierte Seite: Nichts davon ist geschehen.",
  },
  es: {
    titles: ["{company} llega a {place}", "{company} baja los precios"],
    openings: ["{company} anunció el {day} que abrirá una planta en {place} con {people} empleados."],
    middles: [
      "La inversión asciende a {millions} millones de euros y se repartirá en {months} meses.",
      "Los primeros clientes hablan de un {percent} por ciento menos de errores.",
      "Un competidor considera que la decisión llega tarde, aunque prepara un plan parecido.",
    ],
    endings: ["Las primeras entregas están previstas para la semana {count}."],
    notice: "Página simulada: nada de esto ocurrió.",
  },
  sv: {
    titles: ["{company} öppnar i {place}", "{company} sänker priset"],
    openings: ["{company} meddelade den {day} att bolaget öppnar i {place} och anställer {people} personer."],
    middles: [
      "Satsningen kostar {millions} miljoner euro och pågår i {months} månader.",
      "Kunderna uppger att felen har minskat med {percent} procent.",
      "Facket godkände planen efter {count} möten.",
    ],
    endings: ["De första leveranserna väntas vecka {count}."],
    notice: "Simulerad sida: inget av detta har hänt.",
  },
  fr: {
    titles: ["{company} s’installe à {place}", "{company} baisse ses prix"],
    openings: ["{company} a annoncé le {day} l’ouverture d’un site à {place}, avec {people} emplois à la clé."],
    middles: [
      "Le projet coûte {millions} millions d’euros et s’étale sur {months} mois.",
      "Selon les premiers clients, les erreurs ont reculé de {percent} pour cent.",
      "Les syndicats ont donné leur accord après {count} réunions.",
    ],
    endings: ["Les premières livraisons sont prévues en semaine {count}."],
    notice: "Page simulée : rien de tout cela n’a eu lieu.",
  },
};
