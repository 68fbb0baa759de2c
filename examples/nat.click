// Hides what is behind device 0 behind one address: ports 1024 to 65535 of 1.0.0.1.
nat :: IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop);

FromDevice(0) -> in :: Classifier(12/0800, -) -> MarkIPHeader(14) -> [0] nat;
FromDevice(1) -> back :: Classifier(12/0800, -) -> MarkIPHeader(14) -> [1] nat;
in [1] -> Discard;
back [1] -> Discard;

nat [0] -> Queue -> ToDevice(1);
nat [1] -> Queue -> ToDevice(0);
