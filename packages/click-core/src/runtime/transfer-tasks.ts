/** Carries over where the tasks of a router stand, and who sleeps, to one of the same graph. */
import type { MemoryPlan } from "../compile/memory-plan.ts";
import { taskRecord, taskTableSize } from "../compile/tasks.ts";
import type { FormerRouter } from "./transfer-state.ts";

/** Nothing is carried over where there are other tasks or notifiers than there were. */
export function transferTasks(
  before: FormerRouter,
  after: { readonly memory: WebAssembly.Memory; readonly plan: MemoryPlan },
): void {
  const [was, is] = [before.plan, after.plan];
  if (was.tasks.count !== is.tasks.count || was.notes?.count !== is.notes?.count) return;
  const bytes = (memory: { readonly buffer: ArrayBufferLike }, at: number, size: number): Uint8Array =>
    new Uint8Array(memory.buffer, at, size);
  const size = taskTableSize(is.tasks.count);
  bytes(after.memory, is.tasks.table, size).set(bytes(before.memory, was.tasks.table, size));
  const moved = (address: number): number => (address === 0 ? 0 : address - was.tasks.table + is.tasks.table);
  for (let i = 0; i <= is.tasks.count; i++) {
    const record = taskRecord.view(after.memory.buffer, is.tasks.table + i * taskRecord.size);
    record.next = moved(record.next);
    record.previous = moved(record.previous);
  }
  if (!was.notes || !is.notes) return;
  const length = is.notes.count * 4;
  bytes(after.memory, is.notes.start, length).set(bytes(before.memory, was.notes.start, length));
}
