/** Pieces of shared blocks: apart from each other, empty when they are taken again, and gone with their block. */
import { expect, it } from "vitest";
import { SharedPieces } from "../src/shared-pieces.ts";

it("lie apart, and are zero again when they were given back", () => {
  const pieces = new SharedPieces(64);
  const taken = Array.from({ length: 100 }, () => pieces.take());
  taken.forEach((piece, i) => {
    expect(piece.every((word) => word === 0)).toBe(true);
    piece.fill(i + 1);
  });
  taken.forEach((piece, i) => expect(piece.every((word) => word === i + 1)).toBe(true));
  const places = new Set(taken.map((piece) => piece.buffer));
  expect(places.size).toBeGreaterThan(1);
  for (const piece of taken.slice(0, 40)) pieces.give(piece, 64);
  for (let i = 0; i < 60; i++) expect(pieces.take().every((word) => word === 0)).toBe(true);
  taken.slice(40).forEach((piece, i) => expect(piece.every((word) => word === i + 41)).toBe(true));
});

it("go with their block, but for one", () => {
  const pieces = new SharedPieces(64);
  const taken = Array.from({ length: 48 }, () => pieces.take());
  for (const piece of taken) pieces.give(piece, 0);
  const buffers = new Set(taken.map((piece) => piece.buffer));
  expect(buffers.size).toBe(2);
  const again = new Set(Array.from({ length: 16 }, () => pieces.take().buffer));
  expect(again.size).toBe(1);
});
