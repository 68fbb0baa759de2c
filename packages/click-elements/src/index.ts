/**
 * The Click element library. Each element is a file named after it, in the folder of its category.
 *
 * `elements` is the set for `Router.compile` and `linkImage`. Elements that need the host's files are in the
 * entry `@clickos/click-elements/node`.
 *
 * @packageDocumentation
 */
import { type ElementSet, elementSet } from "@clickos/click-core";
import { ARPQuerier } from "./arp/ARPQuerier.ts";
import { ARPResponder } from "./arp/ARPResponder.ts";
import { Strip } from "./basicmod/Strip.ts";
import { Unstrip } from "./basicmod/Unstrip.ts";
import { Discard } from "./basicsources/Discard.ts";
import { Idle } from "./basicsources/Idle.ts";
import { InfiniteSource } from "./basicsources/InfiniteSource.ts";
import { RatedSource } from "./basicsources/RatedSource.ts";
import { Tee } from "./basictransfer/Tee.ts";
import { Classifier } from "./classification/Classifier.ts";
import { IPClassifier } from "./classification/IPClassifier.ts";
import { IPFilter } from "./classification/IPFilter.ts";
import { Counter } from "./counters/Counter.ts";
import { Print } from "./debugging/Print.ts";
import { EtherEncap } from "./ethernet/EtherEncap.ts";
import { EtherMirror } from "./ethernet/EtherMirror.ts";
import { CheckIPHeader } from "./ip/CheckIPHeader.ts";
import { DecIPTTL } from "./ip/DecIPTTL.ts";
import { MarkIPHeader } from "./ip/MarkIPHeader.ts";
import { StaticIPLookup } from "./iproute/StaticIPLookup.ts";
import { IPRewriter } from "./nat/IPRewriter.ts";
import { FromDevice } from "./netdevices/FromDevice.ts";
import { ToDevice } from "./netdevices/ToDevice.ts";
import { Unqueue } from "./shaping/Unqueue.ts";
import { Queue } from "./storage/Queue.ts";

/** All elements of this entry. */
export const elements: ElementSet = elementSet(
  ARPQuerier,
  ARPResponder,
  CheckIPHeader,
  Classifier,
  Counter,
  DecIPTTL,
  Discard,
  EtherEncap,
  EtherMirror,
  FromDevice,
  Idle,
  InfiniteSource,
  IPClassifier,
  IPFilter,
  IPRewriter,
  MarkIPHeader,
  Print,
  Queue,
  RatedSource,
  StaticIPLookup,
  Strip,
  Tee,
  ToDevice,
  Unqueue,
  Unstrip,
);

export {
  type Base,
  byteReader,
  type Expression,
  evaluate,
  type Field,
  type FieldReader,
} from "./classification/expression.ts";
export { type FilterRule, parseFilterRule } from "./classification/IPFilter.ts";
export { parseIpPattern } from "./classification/ip-pattern.ts";
export { PatternError } from "./classification/patterns.ts";
