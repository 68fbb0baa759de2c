/** Where the paper's figures are from. Each was read there; others are not known to us from a source that we could cite. */
export const sources = {
  abstract: "abstract of the paper, NSDI ’14, pages 459–473",
  project: "the project’s page at NEC Laboratories Europe, cnp.neclab.eu/projects/clickos",
  fosdem: "the authors’ talk at FOSDEM 2014, abstract",
  vale: "vale(4), FreeBSD’s manual",
} as const;

/** What the paper's abstract and the project's page say, in the units that tables have. */
export const paperFigures = {
  bootMs: 30,
  imageMB: 5,
  delayUs: 45,
  sharedGbps: 10,
  sharedVms: 100,
  middleboxMpps: 2.3,
} as const;
