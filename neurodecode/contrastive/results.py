def build_report(job): raise NotImplementedError
