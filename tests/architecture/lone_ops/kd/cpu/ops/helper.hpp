// no op
