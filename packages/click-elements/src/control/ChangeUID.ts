/**
 * ChangeUID() — gives up root's privileges.
 *
 * The effective user and group of the process become its real ones, for a program that is set-uid root. It is initialized after FromDevice and
 * ToDevice and before most other elements, whose files are opened with the user's own rights. Where there is no process, as in a
 * virtual machine, there is nothing to give up.
 *
 *   ChangeUID()
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const ChangeUID: ElementClass = element({
  name: "ChangeUID",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 91,
  serviceIsOptional: true,
  service({ host }) {
    try {
      host.process?.dropPrivileges();
    } catch (e) {
      throw `could not drop privilege: ${(e as Error).message}`;
    }
    return {};
  },
});
