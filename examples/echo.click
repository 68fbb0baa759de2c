// Sends every frame back where it came from.
FromDevice(0) -> EtherMirror -> ToDevice(0);
